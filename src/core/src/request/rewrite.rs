//! Changes to a body that leave every other byte as it was.

use super::body::ModelRequest;
use crate::policy::OutputLimitField;
use core::ops::Range;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Where in a body a model is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModelName {
    /// The value, quotes included.
    pub(super) span: Range<usize>,
    /// What the name is preceded by within the quotes.
    pub(super) prefix: &'static str,
}

/// Where in a body its model and its `stream_options` are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rewriting {
    /// Every place that names the model.
    pub(super) models: Vec<ModelName>,
    /// Whether the body is a form, where names stand as they are.
    pub(super) in_form: bool,
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

/// What an upstream is to see in a body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rewrite<'a> {
    /// The name of the model; absent if it stays.
    pub model: Option<&'a str>,
    /// Those of the other models, in their order; an absent one stays.
    pub others: &'a [Option<&'a str>],
    /// Whether a stream reports its usage.
    pub force_usage: bool,
    /// The field that the model reads a limit of its output from.
    pub output_limit_field: Option<OutputLimitField>,
}

impl ModelRequest<'_> {
    /// `body`, which this was read from, as the upstream is to see it. Every other byte stays as it was.
    ///
    /// `None` where nothing is to change: the body names those models already or (Gemini) none at
    /// all, and the endpoint has no such option, does not stream or reports its usage anyway.
    pub fn rewrite(&self, body: &[u8], to: &Rewrite<'_>) -> Option<Vec<u8>> {
        let model = to.model.filter(|model| *model != self.model);
        let names = model.into_iter().flat_map(|model| {
            let names = self.rewriting.models.iter();
            let in_form = self.rewriting.in_form;
            names.filter_map(move |name| match in_form {
                true => Some((&name.span, Cow::Owned(model.to_owned()))),
                false => Some((&name.span, json_string(name.prefix, model)?)),
            })
        });
        let others = self.other_models.iter().zip(to.others);
        let others = others.flat_map(|(other, name)| {
            let name = name.filter(|name| *name != other.name);
            let places = other.places.iter();
            places.filter_map(move |at| Some((&at.span, json_string(at.prefix, name?)?)))
        });
        let usage = self.rewriting.usage.as_ref().filter(|_| to.force_usage);
        let usage = usage.map(|(span, text)| (span, Cow::Borrowed(*text)));
        let limit = self.output_limits.unread(to.output_limit_field);
        let limit = limit.and_then(|limit| {
            let at = after_brace(body, 0)?;
            Some((at..at, format!(r#""max_tokens":{limit},"#)))
        });
        let limit = limit
            .as_ref()
            .map(|(at, text)| (at, Cow::Owned(text.clone())));
        let edits = names.chain(others).chain(usage).chain(limit);
        // There are few: a sorting algorithm would only make the module larger.
        let mut in_order: Vec<(&Range<usize>, Cow<'static, str>)> = Vec::new();
        for edit in edits {
            let at = in_order.partition_point(|(span, _)| span.start <= edit.0.start);
            in_order.insert(at, edit);
        }
        let edits = in_order;
        if edits.is_empty() {
            return None;
        }
        let added = edits.iter().map(|(_, edit)| edit.len());
        let mut result = Vec::with_capacity(added.fold(body.len(), usize::saturating_add));
        let mut from = 0;
        for (span, edit) in edits {
            result.extend_from_slice(body.get(from..span.start)?);
            result.extend_from_slice(edit.as_bytes());
            from = span.end;
        }
        result.extend_from_slice(body.get(from..)?);
        Some(result)
    }
}

/// A prefix and a name, as one JSON string.
fn json_string(prefix: &str, name: &str) -> Option<Cow<'static, str>> {
    let text = serde_json::to_string(&[prefix, name].concat());
    // A string can always be written.
    text.ok().map(Cow::Owned)
}
