//! Paths of Gemini, which carry the model and what is asked of it.

use super::query::percent_decode;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is escaped of a model's name in a path: all but the unreserved characters of RFC 3986, and
/// `@`, which stands before a version.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

/// What a Gemini path asks of its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeminiVerb {
    /// `generateContent`.
    GenerateContent,
    /// `streamGenerateContent`.
    StreamGenerateContent,
    /// `countTokens`.
    CountTokens,
    /// `embedContent`.
    EmbedContent,
    /// `batchEmbedContents`: what Google's own clients call to embed anything.
    BatchEmbedContents,
}

/// The parts of a Gemini `:path`: up to the model, the model as it was sent, and the verb.
fn split_gemini(path: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let from_model = path
        .strip_prefix(b"/v1beta/models/")
        .or_else(|| path.strip_prefix(b"/v1/models/"))?;
    let prefix = path.get(..path.len().checked_sub(from_model.len())?)?;
    let colon = memchr::memrchr(b':', from_model)?;
    let (model, verb) = from_model.split_at_checked(colon)?;
    Some((prefix, model, verb.get(1..)?))
}

/// The model, percent-decoded, and the verb of a Gemini `:path`.
pub(super) fn read_path(path: &[u8]) -> Option<(String, GeminiVerb)> {
    let (_, model, verb) = split_gemini(path)?;
    let verb = match verb {
        b"generateContent" => GeminiVerb::GenerateContent,
        b"streamGenerateContent" => GeminiVerb::StreamGenerateContent,
        b"countTokens" => GeminiVerb::CountTokens,
        b"embedContent" => GeminiVerb::EmbedContent,
        b"batchEmbedContents" => GeminiVerb::BatchEmbedContents,
        _ => return None,
    };
    if model.contains(&b'/') {
        return None;
    }
    let model = String::from_utf8(percent_decode(model).into_owned()).ok()?;
    (!model.trim().is_empty()).then_some((model, verb))
}

/// `path_and_query` with its Gemini model replaced by `model`, all else byte for byte; `None`
/// where it is no Gemini path or names that model already.
pub fn path_with_model(path_and_query: &str, model: &str) -> Option<String> {
    let (path, query) = match path_and_query.find('?') {
        Some(question) => path_and_query.split_at_checked(question)?,
        None => (path_and_query, ""),
    };
    let (prefix, old, verb) = split_gemini(path.as_bytes())?;
    if *percent_decode(old) == *model.as_bytes() {
        return None;
    }
    let mut result = String::with_capacity(path_and_query.len().saturating_add(model.len()));
    result.push_str(str::from_utf8(prefix).ok()?);
    result.push_str(&escape(model));
    result.push(':');
    result.push_str(str::from_utf8(verb).ok()?);
    result.push_str(query);
    Some(result)
}

/// A model's name as a segment of a path.
pub(super) fn escape(model: &str) -> String {
    utf8_percent_encode(model, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gemini_path_is_given_another_model() {
        let path = "/v1beta/models/gemini:streamGenerateContent?alt=sse&q=%20";
        assert_eq!(
            path_with_model(path, "gemini-2.5-flash").as_deref(),
            Some("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&q=%20")
        );
        assert_eq!(
            path_with_model("/v1/models/g:countTokens", "a/b é").as_deref(),
            Some("/v1/models/a%2Fb%20%C3%A9:countTokens")
        );
        assert_eq!(path_with_model(path, "gemini"), None);
        assert_eq!(path_with_model("/v1/models/a%2Fb:countTokens", "a/b"), None);
        assert_eq!(path_with_model("/v1/chat/completions?x=:y", "m"), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for model in ["gemini-2.5-flash", "a/b", "ü:x", "100%", "a?b#c"] {
            let path = path_with_model("/v1/models/old:countTokens", model).unwrap();
            let read = read_path(path.as_bytes());
            assert_eq!(
                read,
                Some((model.to_owned(), GeminiVerb::CountTokens)),
                "{path}"
            );
        }
    }
}
