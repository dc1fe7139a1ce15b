//! Where a model's upstream serves each wire format.
//!
//! Providers serve formats that are not their own below paths of their own choosing: Google has
//! OpenAI's chat completions at `/v1beta/openai/chat/completions`
//! (<https://ai.google.dev/gemini-api/docs/openai>), DeepSeek has Anthropic's messages at
//! `/anthropic/v1/messages` (<https://api-docs.deepseek.com/guides/anthropic_api>).

use crate::wire_format::WireFormat;
use serde::{Deserialize, Serialize};

/// What stands in a path for the upstream's name of the model, as in Azure's
/// `/openai/deployments/{model}`.
pub const MODEL: &str = "{model}";
/// Longest base path, in bytes.
const MAX_BASE: usize = 256;

/// For each wire format, the path that replaces the `/v1` (or `/v1beta`) of the path that clients ask; an
/// empty one replaces nothing. If no format has one, every format is served at the path that clients ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({ "openai": "/v1beta/openai" })))]
#[serde(default, deny_unknown_fields)]
pub struct FormatPaths {
    /// OpenAI's chat completions, completions and embeddings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            max_length = 256,
            pattern = r"^((/([A-Za-z0-9._~-]+|\{model\}))+(\?[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]+(&[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]+)*)?)?$"
        )
    )]
    pub openai: Option<String>,
    /// OpenAI's responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            max_length = 256,
            pattern = r"^((/([A-Za-z0-9._~-]+|\{model\}))+(\?[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]+(&[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]+)*)?)?$"
        )
    )]
    pub responses: Option<String>,
    /// Anthropic's messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            max_length = 256,
            pattern = r"^((/([A-Za-z0-9._~-]+|\{model\}))+(\?[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]+(&[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]+)*)?)?$"
        )
    )]
    pub anthropic: Option<String>,
    /// Google's content generation and embeddings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            max_length = 256,
            pattern = r"^((/([A-Za-z0-9._~-]+|\{model\}))+(\?[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]+(&[A-Za-z0-9._~-]+=[A-Za-z0-9._~-]+)*)?)?$"
        )
    )]
    pub gemini: Option<String>,
}

/// Where a format is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served<'a> {
    /// At the path the client asks.
    AsAsked,
    /// Below this path.
    Below(&'a str),
    /// Nowhere.
    Nowhere,
}

impl FormatPaths {
    /// Where `format` is served.
    pub fn served(&self, format: WireFormat) -> Served<'_> {
        match self.base(format) {
            Some("") => Served::AsAsked,
            Some(base) => Served::Below(base),
            None if self.is_empty() => Served::AsAsked,
            None => Served::Nowhere,
        }
    }

    /// Whether no format has a path.
    pub fn is_empty(&self) -> bool {
        self.formats().next().is_none()
    }

    /// The formats that have a path.
    pub fn formats(&self) -> impl Iterator<Item = WireFormat> {
        let has_path = |format: &WireFormat| self.base(*format).is_some();
        WireFormat::ALL.into_iter().filter(has_path)
    }

    /// What is wrong with these paths, each a sentence.
    pub fn problems(&self) -> Vec<String> {
        let bases = self.formats().filter_map(|format| {
            let base = self.base(format)?;
            let is_good = base.is_empty() || is_base(base);
            (!is_good).then(|| {
                format!(
                    "the path of '{}' must be empty (wherever clients ask), or begin with a slash, \
                     not end with one, and have none but letters, digits, -._~/ and {{model}} in it, \
                     and after it parameters such as ?api-version=v1, {MAX_BASE} at most",
                    format.name()
                )
            })
        });
        bases.collect()
    }

    fn base(&self, format: WireFormat) -> Option<&str> {
        let base = match format {
            WireFormat::OpenAi => &self.openai,
            WireFormat::OpenAiResponses => &self.responses,
            WireFormat::Anthropic => &self.anthropic,
            WireFormat::Gemini => &self.gemini,
        };
        base.as_deref()
    }
}

/// A path, in which `{model}` may be a segment, and parameters that may follow it.
fn is_base(base: &str) -> bool {
    let is_plain = |text: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !text.is_empty() && text.bytes().all(is_plain)
    };
    let (path, query) = match base.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (base, None),
    };
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    let is_segment =
        |segment: &str| segment == MODEL || (is_plain(segment) && !matches!(segment, "." | ".."));
    let is_parameter = |parameter: &str| {
        let pair = parameter.split_once('=');
        pair.is_some_and(|(name, value)| is_plain(name) && is_plain(value))
    };
    base.len() <= MAX_BASE
        && segments.split('/').all(is_segment)
        && query.is_none_or(|query| query.split('&').all(is_parameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_served_everywhere_somewhere_or_nowhere() {
        let none = FormatPaths::default();
        let some: FormatPaths =
            serde_json::from_str(r#"{"openai":"/v1beta/openai","gemini":""}"#).unwrap();
        for (format, expected) in [
            (WireFormat::OpenAi, Served::Below("/v1beta/openai")),
            (WireFormat::Gemini, Served::AsAsked),
            (WireFormat::Anthropic, Served::Nowhere),
            (WireFormat::OpenAiResponses, Served::Nowhere),
        ] {
            assert_eq!(some.served(format), expected, "{format:?}");
            assert_eq!(none.served(format), Served::AsAsked);
        }
        assert!(serde_json::from_str::<FormatPaths>(r#"{"opena":"/v1"}"#).is_err());
    }

    #[test]
    fn a_base_is_a_plain_path() {
        for (base, is_good) in [
            ("", true),
            ("/v1", true),
            ("/a/b-c_d.e~f/v1", true),
            ("v1", false),
            ("/", false),
            ("/v1/", false),
            ("//v1", false),
            ("/a/../v1", false),
            ("/openai/deployments/{model}?api-version=2024-10-21", true),
            ("/v1?x=y&z=1", true),
            ("/v1?x", false),
            ("/v1?x=", false),
            ("/v1?x=y?z=1", false),
            ("?x=y", false),
            ("/a{model}", false),
            ("/{name}", false),
            ("/v1#x", false),
            ("/v 1", false),
            ("/%2e%2e", false),
            ("/é", false),
        ] {
            let paths = FormatPaths {
                anthropic: Some(base.to_owned()),
                ..FormatPaths::default()
            };
            assert_eq!(paths.problems().is_empty(), is_good, "{base}");
        }
    }
}
