//! Which model endpoint a request is for: exactly the contract's table, nothing near it.

use super::gemini::{self, GeminiVerb};
use super::head::{Credential, CredentialSource};
use crate::policy::EndpointScope;
use crate::units::Unit;
use crate::wire_format::WireFormat;
use std::borrow::Cow;

/// An endpoint that model traffic may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/completions`.
    Completions,
    /// `POST /v1/embeddings`.
    Embeddings,
    /// `POST /v1/responses`.
    Responses,
    /// `POST /v1/responses/compact`: a conversation made shorter
    /// (<https://developers.openai.com/api/reference/resources/responses/methods/compact>).
    CompactResponses,
    /// `POST /v1/messages`.
    Messages,
    /// `POST /v1/messages/count_tokens`.
    CountTokens,
    /// `POST /v1/moderations`.
    Moderations,
    /// `POST /v1/rerank`, and Cohere's `/v2/rerank`.
    Rerank,
    /// `POST /v1/images/generations`.
    ImageGenerations,
    /// `POST /v1/images/edits`.
    ImageEdits,
    /// `POST /v1/audio/speech`.
    Speech,
    /// `POST /v1/audio/transcriptions`.
    Transcriptions,
    /// `POST /v1/audio/translations`.
    Translations,
    /// `POST /v1/models/{model}:{verb}` and the same under `/v1beta`.
    Gemini {
        /// The model the path names, percent-decoded. May be one the catalog does not know.
        model: String,
        /// What is asked of it.
        verb: GeminiVerb,
    },
}

impl Endpoint {
    /// The endpoint of `method` and `path` (without its query); `None` for any other.
    pub fn of(method: &[u8], path: &[u8]) -> Option<Endpoint> {
        match (method, path) {
            (b"POST", b"/v1/chat/completions") => Some(Endpoint::ChatCompletions),
            (b"POST", b"/v1/completions") => Some(Endpoint::Completions),
            (b"POST", b"/v1/embeddings") => Some(Endpoint::Embeddings),
            (b"POST", b"/v1/responses") => Some(Endpoint::Responses),
            (b"POST", b"/v1/responses/compact") => Some(Endpoint::CompactResponses),
            (b"POST", b"/v1/messages") => Some(Endpoint::Messages),
            (b"POST", b"/v1/messages/count_tokens") => Some(Endpoint::CountTokens),
            (b"POST", b"/v1/moderations") => Some(Endpoint::Moderations),
            (b"POST", b"/v1/rerank" | b"/v2/rerank") => Some(Endpoint::Rerank),
            (b"POST", b"/v1/images/generations") => Some(Endpoint::ImageGenerations),
            (b"POST", b"/v1/images/edits") => Some(Endpoint::ImageEdits),
            (b"POST", b"/v1/audio/speech") => Some(Endpoint::Speech),
            (b"POST", b"/v1/audio/transcriptions") => Some(Endpoint::Transcriptions),
            (b"POST", b"/v1/audio/translations") => Some(Endpoint::Translations),
            (b"POST", _) => {
                let (model, verb) = gemini::read_path(path)?;
                Some(Endpoint::Gemini { model, verb })
            }
            _ => None,
        }
    }

    /// The dialect it speaks.
    pub fn format(&self) -> WireFormat {
        match self {
            Endpoint::Responses | Endpoint::CompactResponses => WireFormat::OpenAiResponses,
            Endpoint::Messages | Endpoint::CountTokens => WireFormat::Anthropic,
            Endpoint::Gemini { .. } => WireFormat::Gemini,
            _ => WireFormat::OpenAi,
        }
    }

    /// The scope a key needs for it.
    pub fn scope(&self) -> EndpointScope {
        match self {
            Endpoint::ChatCompletions => EndpointScope::Chat,
            Endpoint::Completions => EndpointScope::Completions,
            Endpoint::Embeddings => EndpointScope::Embeddings,
            Endpoint::Responses | Endpoint::CompactResponses => EndpointScope::Responses,
            Endpoint::Messages | Endpoint::CountTokens => EndpointScope::Messages,
            Endpoint::Moderations => EndpointScope::Moderations,
            Endpoint::Rerank => EndpointScope::Rerank,
            Endpoint::ImageGenerations | Endpoint::ImageEdits => EndpointScope::Images,
            Endpoint::Speech | Endpoint::Transcriptions | Endpoint::Translations => {
                EndpointScope::Audio
            }
            Endpoint::Gemini { verb, .. } => match verb {
                GeminiVerb::EmbedContent | GeminiVerb::BatchEmbedContents => {
                    EndpointScope::Embeddings
                }
                _ => EndpointScope::GenerateContent,
            },
        }
    }

    /// Whether the path alone asks for a stream, as Gemini's does.
    pub fn streams(&self) -> bool {
        let verb = GeminiVerb::StreamGenerateContent;
        matches!(self, Endpoint::Gemini { verb: asked, .. } if *asked == verb)
    }

    /// Whether no provider charges for it: counting tokens.
    pub fn is_free(&self) -> bool {
        match self {
            Endpoint::CountTokens => true,
            Endpoint::Gemini { verb, .. } => *verb == GeminiVerb::CountTokens,
            _ => false,
        }
    }

    /// Whether it answers with vectors, which are not output tokens.
    pub fn embeds(&self) -> bool {
        self.scope() == EndpointScope::Embeddings
    }

    /// Whether its answers have no output tokens: vectors, judgements, ranks.
    pub fn has_no_output(&self) -> bool {
        self.embeds() || matches!(self, Endpoint::Moderations | Endpoint::Rerank)
    }

    /// What is counted of its calls beside tokens.
    pub fn unit(&self) -> Option<Unit> {
        match self {
            Endpoint::Rerank => Some(Unit::SearchUnit),
            Endpoint::ImageGenerations | Endpoint::ImageEdits => Some(Unit::Image),
            Endpoint::Speech => Some(Unit::Character),
            Endpoint::Transcriptions | Endpoint::Translations => Some(Unit::Second),
            _ => None,
        }
    }

    /// Whether its requests come as forms: all of them, or those that have files.
    pub fn takes_forms(&self) -> bool {
        self.hears() || *self == Endpoint::ImageEdits
    }

    /// Whether it writes down what is said in a file, so that its requests are forms without exception.
    pub fn hears(&self) -> bool {
        matches!(self, Endpoint::Transcriptions | Endpoint::Translations)
    }
}

/// A path as the contract spells it, where a client spells it otherwise: below a base URL that has `/v1`
/// twice or not at all, or with a slash at its end. Most of what comes out is no path of an endpoint.
pub fn usual_path(path: &[u8]) -> Option<Cow<'_, [u8]>> {
    let is_versioned = |path: &[u8]| path.starts_with(b"/v1/") || path.starts_with(b"/v1beta/");
    let trimmed = path.strip_suffix(b"/").unwrap_or(path);
    let below = trimmed.strip_prefix(b"/v1");
    if let Some(below) = below.filter(|below| is_versioned(below)) {
        return Some(Cow::Borrowed(below));
    }
    if !is_versioned(trimmed) {
        return Some(Cow::Owned([b"/v1", trimmed].concat()));
    }
    (trimmed.len() < path.len()).then_some(Cow::Borrowed(trimmed))
}

/// The dialect to refuse in where the endpoint is unknown: by the path, then by the way the client
/// sent its key.
pub fn guess_format(path: &[u8], credential: Option<&Credential<'_>>) -> WireFormat {
    if path.starts_with(b"/v1/messages") {
        return WireFormat::Anthropic;
    }
    let last = memchr::memrchr(b'/', path).and_then(|slash| path.split_at_checked(slash));
    if last.is_some_and(|(before, name)| before.ends_with(b"/models") && name.contains(&b':')) {
        return WireFormat::Gemini;
    }
    match credential.map(|found| found.source) {
        Some(CredentialSource::ApiKey) => WireFormat::Anthropic,
        Some(CredentialSource::GoogleApiKey | CredentialSource::Query) => WireFormat::Gemini,
        Some(CredentialSource::Bearer) | None => WireFormat::OpenAi,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gemini(model: &str, verb: GeminiVerb) -> Endpoint {
        let model = model.to_owned();
        Endpoint::Gemini { model, verb }
    }

    #[test]
    fn the_contracts_table_and_its_attributes() {
        use EndpointScope as Scope;
        use WireFormat::{Anthropic, Gemini, OpenAi, OpenAiResponses};
        let cases = [
            (
                "POST /v1/chat/completions",
                Endpoint::ChatCompletions,
                OpenAi,
                Scope::Chat,
            ),
            (
                "POST /v1/completions",
                Endpoint::Completions,
                OpenAi,
                Scope::Completions,
            ),
            (
                "POST /v1/embeddings",
                Endpoint::Embeddings,
                OpenAi,
                Scope::Embeddings,
            ),
            (
                "POST /v1/responses",
                Endpoint::Responses,
                OpenAiResponses,
                Scope::Responses,
            ),
            (
                "POST /v1/responses/compact",
                Endpoint::CompactResponses,
                OpenAiResponses,
                Scope::Responses,
            ),
            (
                "POST /v1/messages",
                Endpoint::Messages,
                Anthropic,
                Scope::Messages,
            ),
            (
                "POST /v1/messages/count_tokens",
                Endpoint::CountTokens,
                Anthropic,
                Scope::Messages,
            ),
            (
                "POST /v1/moderations",
                Endpoint::Moderations,
                OpenAi,
                Scope::Moderations,
            ),
            ("POST /v1/rerank", Endpoint::Rerank, OpenAi, Scope::Rerank),
            ("POST /v2/rerank", Endpoint::Rerank, OpenAi, Scope::Rerank),
            (
                "POST /v1/images/generations",
                Endpoint::ImageGenerations,
                OpenAi,
                Scope::Images,
            ),
            (
                "POST /v1/images/edits",
                Endpoint::ImageEdits,
                OpenAi,
                Scope::Images,
            ),
            (
                "POST /v1/audio/speech",
                Endpoint::Speech,
                OpenAi,
                Scope::Audio,
            ),
            (
                "POST /v1/audio/transcriptions",
                Endpoint::Transcriptions,
                OpenAi,
                Scope::Audio,
            ),
            (
                "POST /v1/audio/translations",
                Endpoint::Translations,
                OpenAi,
                Scope::Audio,
            ),
            (
                "POST /v1beta/models/gemini-2.5-flash:generateContent",
                gemini("gemini-2.5-flash", GeminiVerb::GenerateContent),
                Gemini,
                Scope::GenerateContent,
            ),
            (
                "POST /v1/models/a%2Fb:streamGenerateContent",
                gemini("a/b", GeminiVerb::StreamGenerateContent),
                Gemini,
                Scope::GenerateContent,
            ),
            (
                "POST /v1/models/ft:x:countTokens",
                gemini("ft:x", GeminiVerb::CountTokens),
                Gemini,
                Scope::GenerateContent,
            ),
            (
                "POST /v1beta/models/e:embedContent",
                gemini("e", GeminiVerb::EmbedContent),
                Gemini,
                Scope::Embeddings,
            ),
            (
                "POST /v1/models/embed:batchEmbedContents",
                gemini("embed", GeminiVerb::BatchEmbedContents),
                Gemini,
                Scope::Embeddings,
            ),
        ];
        for (line, endpoint, format, scope) in cases {
            let (method, path) = line.split_once(' ').unwrap();
            let found = Endpoint::of(method.as_bytes(), path.as_bytes());
            assert_eq!(found.as_ref(), Some(&endpoint), "{line}");
            assert_eq!(
                (endpoint.format(), endpoint.scope()),
                (format, scope),
                "{line}"
            );
            assert_eq!(endpoint.streams(), line.contains(":stream"), "{line}");
            assert_eq!(endpoint.is_free(), line.contains("count"), "{line}");
            assert_eq!(
                endpoint.embeds(),
                line.to_lowercase().contains("embed"),
                "{line}"
            );
        }
    }

    #[test]
    fn nothing_near_the_table_is_in_it() {
        for line in [
            "GET /v1/chat/completions",
            "POST /v1/chat/completions/",
            "POST /v1//chat/completions",
            "POST /V1/chat/completions",
            "POST /v1/Chat/completions",
            "POST /v1/chat%2Fcompletions",
            "POST /v1/chat/completions/../embeddings",
            "POST /v1/models",
            "GET /v1/models/gpt-4.1",
            "GET /v1/models/m:generateContent",
            "POST /v1/models/m:GenerateContent",
            "POST /v1/models/m:asyncBatchEmbedContent",
            "POST /v1/models/m:",
            "POST /v1/models/m",
            "POST /v1/models/:generateContent",
            "POST /v1/models/%20:generateContent",
            "POST /v1/models/%ff:generateContent",
            "POST /v1/models/a/b:generateContent",
            "POST /v1/models/m%3AgenerateContent",
            "POST /v1alpha/models/m:generateContent",
            "POST /v1/responses/resp_1/cancel",
            "POST /v1/files",
            "POST /v2/moderations",
            "GET /v1/rerank",
            "POST /v1/images/variations",
            "post /v1/embeddings",
            "POST ",
        ] {
            let (method, path) = line.split_once(' ').unwrap();
            assert_eq!(
                Endpoint::of(method.as_bytes(), path.as_bytes()),
                None,
                "{line}"
            );
        }
    }

    #[test]
    fn a_base_url_may_have_the_version_or_not() {
        for (path, usual) in [
            ("/v1/v1/messages", Some("/v1/messages")),
            ("/v1/v1beta/models/m:x", Some("/v1beta/models/m:x")),
            ("/v1/chat/completions/", Some("/v1/chat/completions")),
            ("/v1/v1/messages/", Some("/v1/messages")),
            ("/chat/completions", Some("/v1/chat/completions")),
            ("/models/", Some("/v1/models")),
            ("/", Some("/v1")),
            ("/v1/messages", None),
            ("/v1beta/models", None),
        ] {
            let found = usual_path(path.as_bytes());
            assert_eq!(found.as_deref(), usual.map(str::as_bytes), "{path}");
        }
    }

    #[test]
    fn an_unknown_path_is_refused_in_the_likeliest_dialect() {
        use CredentialSource::{ApiKey, Bearer, GoogleApiKey, Query};
        for (path, source, format) in [
            ("/v1/messages/batches", Some(Bearer), WireFormat::Anthropic),
            (
                "/v1beta/models/m:batchGenerateContent",
                None,
                WireFormat::Gemini,
            ),
            ("/x/models/m:verb", Some(ApiKey), WireFormat::Gemini),
            ("/v1/models/a/b:c", None, WireFormat::OpenAi),
            ("/v1/files", Some(Bearer), WireFormat::OpenAi),
            ("/v1/files", Some(ApiKey), WireFormat::Anthropic),
            ("/v1/files", Some(GoogleApiKey), WireFormat::Gemini),
            ("/v1/files", Some(Query), WireFormat::Gemini),
            ("", None, WireFormat::OpenAi),
        ] {
            let credential = source.map(|source| Credential {
                secret: b"k".as_slice().into(),
                source,
            });
            assert_eq!(
                guess_format(path.as_bytes(), credential.as_ref()),
                format,
                "{path}"
            );
        }
    }
}
