//! Changes to a body that leave every other byte as it was.

use super::body::ModelRequest;
use core::ops::Range;
use serde_json::value::RawValue;

/// Where in a body its model and its `stream_options` are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rewriting {
    /// The value of `model`, quotes included.
    pub(super) model: Option<Range<usize>>,
    /// What the model's name is preceded by in the body.
    pub(super) model_prefix: &'static str,
    /// What to put where, so that the stream reports its usage; absent where it does already or
    /// cannot.
    usage: Option<(Range<usize>, &'static str)>,
}

impl Rewriting {
    /// Plans the change that turns `stream_options.include_usage` on.
    pub(super) fn force_usage(
        &mut self,
        body: &[u8],
        options: Option<&RawValue>,
        include_usage: Option<&RawValue>,
    ) {
        self.usage = match (options, include_usage) {
            (_, Some(value)) => span_of(body, value.get()).map(|span| (span, "true")),
            (Some(options), None) => force_in_options(body, options.get()),
            (None, None) => after_brace(body, 0)
                .map(|at| (at..at, r#""stream_options":{"include_usage":true},"#)),
        };
    }
}

fn force_in_options(body: &[u8], options: &str) -> Option<(Range<usize>, &'static str)> {
    let span = span_of(body, options)?;
    if options == "null" {
        return Some((span, r#"{"include_usage":true}"#));
    }
    let at = after_brace(body, span.start)?;
    let is_empty = body.get(at..)?.trim_ascii_start().starts_with(b"}");
    let insert = if is_empty {
        r#""include_usage":true"#
    } else {
        r#""include_usage":true,"#
    };
    Some((at..at, insert))
}

/// The index behind the first `{` at or after `from`.
fn after_brace(body: &[u8], from: usize) -> Option<usize> {
    let brace = memchr::memchr(b'{', body.get(from..)?)?;
    from.checked_add(brace)?.checked_add(1)
}

/// Where `part`, which was borrowed from `body`, lies in it.
pub(super) fn span_of(body: &[u8], part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= body.len()).then_some(start..end)
}

impl ModelRequest<'_> {
    /// `body`, which this was read from, with the value of `model` replaced and, with
    /// `force_usage`, a stream made to report its usage. Every other byte stays as it was.
    ///
    /// `None` where nothing is to change: the body names that model already or (Gemini) none at
    /// all, and the endpoint has no such option, does not stream or reports its usage anyway.
    pub fn rewrite(&self, body: &[u8], model: Option<&str>, force_usage: bool) -> Option<Vec<u8>> {
        let model = model.filter(|model| *model != self.model);
        let model = model.and_then(|model| Some((self.rewriting.model.clone()?, model)));
        let usage = self.rewriting.usage.as_ref().filter(|_| force_usage);
        if model.is_none() && usage.is_none() {
            return None;
        }
        let added = usage.map_or(0, |(_, text)| text.len());
        let name = model.as_ref().map_or(0, |(_, name)| escaped_len(name));
        let prefix = self.rewriting.model_prefix;
        let capacity = body.len().saturating_add(added).saturating_add(name);
        let mut result = Vec::with_capacity(capacity.saturating_add(prefix.len()));
        let mut from = 0;
        let usage_first = match (&model, usage) {
            (Some((model, _)), Some((usage, _))) => usage.start < model.start,
            _ => true,
        };
        for is_usage in [usage_first, !usage_first] {
            if let (true, Some((span, text))) = (is_usage, usage) {
                result.extend_from_slice(body.get(from..span.start)?);
                result.extend_from_slice(text.as_bytes());
                from = span.end;
            } else if let (false, Some((span, name))) = (is_usage, &model) {
                result.extend_from_slice(body.get(from..span.start)?);
                result.push(b'"');
                result.extend_from_slice(prefix.as_bytes());
                push_escaped(&mut result, name);
                result.push(b'"');
                from = span.end;
            }
        }
        result.extend_from_slice(body.get(from..)?);
        Some(result)
    }
}

/// The bytes of `text` as a JSON string, quotes included, or a little more.
fn escaped_len(text: &str) -> usize {
    let escapes = text.bytes().filter(|byte| needs_escape(*byte)).count();
    text.len()
        .saturating_add(escapes.saturating_mul(5))
        .saturating_add(2)
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escaped(result: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => result.extend_from_slice(&[b'\\', byte]),
            _ if needs_escape(byte) => {
                result.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
            }
            _ => result.push(byte),
        }
    }
}
