//! What a path asks for, and in which format.

use axum::http::Method;

/// An endpoint the provider serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Text,
    /// `/v1/embeddings`
    Embeddings,
    /// `/v1/images/generations`, `/v1/images/edits`
    Images,
    /// `/v1/audio/speech`
    Speech,
    /// `/v1/audio/transcriptions`, `/v1/audio/translations`
    Hearing,
    /// `/v1/rerank`, `/v2/rerank`
    Rerank,
    /// `/v1/moderations`
    Moderations,
    /// `/v1/models`
    Models,
    /// `/v1/responses`
    Responses,
    /// `/v1/messages`
    Messages,
    /// `/v1/messages/count_tokens`
    CountTokens,
    /// `/v1beta/models/{model}:{verb}`, or the same under `/v1`.
    Gemini {
        /// The model, as it stands in the path.
        model: String,
        /// What is asked of it.
        verb: Verb,
    },
}

/// What a Gemini path asks of its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `generateContent`
    Generate,
    /// `streamGenerateContent`; with `alt=sse` as events, otherwise as an array.
    Stream,
    /// `countTokens`
    CountTokens,
    /// `embedContent`
    Embed,
    /// `batchEmbedContents`
    BatchEmbed,
}

/// Whose shapes an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenAI's, of chat completions and of responses.
    OpenAi,
    /// Anthropic's.
    Anthropic,
    /// Google's.
    Gemini,
}

/// Where OpenAI's endpoints are served: its own place, and where Google has put them.
const OPEN_AI: [&str; 3] = ["/v1/", "/v1beta/openai/", "/openai/v1/"];
/// Where Anthropic's are served: its own place, and where DeepSeek has put them.
const ANTHROPIC: [&str; 2] = ["/v1/", "/anthropic/v1/"];
const GEMINI: [&str; 2] = ["/v1beta/models/", "/v1/models/"];

impl Endpoint {
    /// The endpoint at a path, if there is one.
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        let below = |bases: &[&str]| bases.iter().find_map(|base| path.strip_prefix(base));
        if *method == Method::GET {
            return (below(&OPEN_AI) == Some("models")).then_some(Self::Models);
        }
        if *method != Method::POST {
            return None;
        }
        let open_ai = match below(&OPEN_AI) {
            Some("chat/completions") => Some(Self::Chat),
            Some("completions") => Some(Self::Text),
            Some("embeddings") => Some(Self::Embeddings),
            Some("responses") => Some(Self::Responses),
            Some("images/generations" | "images/edits") => Some(Self::Images),
            Some("audio/speech") => Some(Self::Speech),
            Some("audio/transcriptions" | "audio/translations") => Some(Self::Hearing),
            Some("rerank") => Some(Self::Rerank),
            Some("moderations") => Some(Self::Moderations),
            _ if path == "/v2/rerank" => Some(Self::Rerank),
            _ => None,
        };
        let anthropic = || match below(&ANTHROPIC) {
            Some("messages") => Some(Self::Messages),
            Some("messages/count_tokens") => Some(Self::CountTokens),
            _ => None,
        };
        let gemini = || {
            let (model, verb) = below(&GEMINI)?.rsplit_once(':')?;
            let verb = match verb {
                "generateContent" => Verb::Generate,
                "streamGenerateContent" => Verb::Stream,
                "countTokens" => Verb::CountTokens,
                "embedContent" => Verb::Embed,
                "batchEmbedContents" => Verb::BatchEmbed,
                _ => return None,
            };
            let model = model.to_owned();
            Some(Self::Gemini { model, verb })
        };
        open_ai.or_else(anthropic).or_else(gemini)
    }
}

impl Format {
    /// The format of the answers at a path, also where nothing is served there.
    pub fn of(path: &str) -> Self {
        if path.contains("/messages") {
            Self::Anthropic
        } else if path.contains("/models/") {
            Self::Gemini
        } else {
            Self::OpenAi
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_served_where_its_providers_serve_it() {
        for (path, endpoint) in [
            ("/v1/chat/completions", Some(Endpoint::Chat)),
            ("/v1beta/openai/chat/completions", Some(Endpoint::Chat)),
            ("/openai/v1/chat/completions", Some(Endpoint::Chat)),
            ("/v1/messages", Some(Endpoint::Messages)),
            (
                "/anthropic/v1/messages/count_tokens",
                Some(Endpoint::CountTokens),
            ),
            (
                "/v1beta/models/m:embedContent",
                Some(Endpoint::Gemini {
                    model: "m".into(),
                    verb: Verb::Embed,
                }),
            ),
            ("/v1beta/chat/completions", None),
            ("/v1beta/openai/messages", None),
            ("/v2/rerank", Some(Endpoint::Rerank)),
            ("/openai/v1/images/edits", Some(Endpoint::Images)),
            ("/v1/audio/translations", Some(Endpoint::Hearing)),
            ("/v2/moderations", None),
            ("/v1/models/m:predict", None),
        ] {
            assert_eq!(Endpoint::of(&Method::POST, path), endpoint, "{path}");
        }
        assert_eq!(Endpoint::of(&Method::GET, "/v1/messages"), None);
    }
}
