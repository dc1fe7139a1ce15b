//! Questions about the caller's own models, which the gateway answers itself.

use super::head::{CredentialSource, RequestHead};
use super::query;
use crate::wire_format::WireFormat;

/// What is asked of the caller's models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelList {
    /// The one that is asked for, percent-decoded; all if absent.
    pub one: Option<String>,
    /// How the client reads the answer.
    pub shape: ListShape,
}

/// The shape of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListShape {
    /// <https://developers.openai.com/api/reference/resources/models>
    OpenAi,
    /// OpenAI's, and what Codex looks for in it: `models`, in which each model would bring the
    /// instructions that Codex is to work by. It is empty, so that Codex keeps its own
    /// (<https://github.com/openai/codex/blob/main/codex-rs/protocol/src/openai_models.rs>).
    Codex,
    /// <https://platform.claude.com/docs/en/api/models/list>
    Anthropic,
    /// <https://ai.google.dev/api/models>
    Gemini,
}

impl ModelList {
    /// What a request with this path (without its query) asks, if it is one for models.
    pub fn asked(head: &RequestHead<'_>, path: &[u8]) -> Option<ModelList> {
        if !matches!(head.method, b"GET" | b"HEAD") {
            return None;
        }
        let in_version = |version: &[u8]| path.strip_prefix(version)?.strip_prefix(b"/models");
        let (rest, is_beta) = match in_version(b"/v1") {
            Some(rest) => (rest, false),
            None => (in_version(b"/v1beta")?, true),
        };
        let one = match rest.strip_prefix(b"/") {
            None if rest.is_empty() => None,
            None => return None,
            Some(name) if name.is_empty() || name.contains(&b'/') => return None,
            Some(name) => Some(String::from_utf8(query::percent_decode(name).into_owned()).ok()?),
        };
        let source = head.credential.as_ref().map(|found| found.source);
        let shape = match source {
            _ if is_beta => ListShape::Gemini,
            Some(CredentialSource::GoogleApiKey | CredentialSource::Query) => ListShape::Gemini,
            _ if head.names_anthropic_version => ListShape::Anthropic,
            _ if query::has(head.query, b"client_version") => ListShape::Codex,
            _ => ListShape::OpenAi,
        };
        Some(ModelList { one, shape })
    }

    /// The format of the answer, and of refusals.
    pub fn format(&self) -> WireFormat {
        match self.shape {
            ListShape::OpenAi | ListShape::Codex => WireFormat::OpenAi,
            ListShape::Anthropic => WireFormat::Anthropic,
            ListShape::Gemini => WireFormat::Gemini,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Headers;

    fn asked(method: &str, path: &str, more: &[(&str, &str)]) -> Option<ModelList> {
        let mut headers = vec![
            (":method", method.as_bytes()),
            (":path", path.as_bytes()),
            ("authorization", b"Bearer k"),
        ];
        headers.extend(more.iter().map(|(name, value)| (*name, value.as_bytes())));
        if more.iter().any(|(name, _)| name.ends_with("api-key")) {
            headers.remove(2);
        }
        let head = RequestHead::read(&Headers(&headers));
        ModelList::asked(&head, &head.path)
    }

    #[test]
    fn a_client_is_known_by_how_it_asks() {
        use ListShape::{Anthropic, Codex, Gemini, OpenAi};
        let anthropic = ("anthropic-version", "2023-06-01");
        for (path, more, one, shape) in [
            ("/v1/models", &[][..], None, OpenAi),
            ("/v1/models?limit=20", &[anthropic], None, Anthropic),
            ("/v1/models?client_version=0.171.0", &[], None, Codex),
            (
                "/v1/models?pageSize=50",
                &[("x-goog-api-key", "k")],
                None,
                Gemini,
            ),
            ("/v1beta/models", &[anthropic], None, Gemini),
            ("/v1/models/gpt-4.1", &[], Some("gpt-4.1"), OpenAi),
            (
                "/v1/models/acme%2Fft:x",
                &[anthropic],
                Some("acme/ft:x"),
                Anthropic,
            ),
            ("/v1beta/models/gemini", &[], Some("gemini"), Gemini),
        ] {
            let one = one.map(str::to_owned);
            let expected = Some(ModelList { one, shape });
            for method in ["GET", "HEAD"] {
                assert_eq!(asked(method, path, more), expected, "{method} {path}");
            }
        }
        for (method, path) in [
            ("POST", "/v1/models"),
            ("GET", "/v1/modelsx"),
            ("GET", "/v1/models/"),
            ("GET", "/v1/models/%ff"),
            ("GET", "/v1beta/models/veo/operations/o"),
            ("GET", "/v2/models"),
            ("GET", "/models"),
        ] {
            assert_eq!(asked(method, path, &[]), None, "{method} {path}");
        }
    }
}
