//! The fields of a body that decide what a call may cost, by dialect.

use super::endpoint::Endpoint;
use super::gemini::GeminiVerb;
use super::word::Word;

/// What a field means, whatever its dialect calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Model,
    Stream,
    StreamOptions,
    IncludeUsage,
    /// Caps the output tokens of one choice; some dialects have two names that may stand together.
    OutputLimit,
    CompletionLimit,
    Choices,
    BestOf,
    Prompt,
    User,
    Metadata,
    GenerationConfig,
    Background,
    ServiceTier,
    Speed,
    Region,
    SafetyIdentifier,
    MaxToolCalls,
    SearchParameters,
    SearchMode,
    SearchResults,
    /// Several requests in one, each of which names the model again.
    Requests,
    RequestModel,
    /// What documents are ranked by.
    Query,
    Documents,
    /// The text that is spoken.
    Spoken,
    /// Which images are made.
    Quality,
    Size,
}

/// A field as it is written, its meaning, and its name in messages.
pub(super) type Row = (&'static str, Field, &'static str);

const OPEN_AI: [Row; 14] = [
    ("model", Field::Model, "model"),
    ("stream", Field::Stream, "stream"),
    ("stream_options", Field::StreamOptions, "stream_options"),
    ("max_tokens", Field::OutputLimit, "max_tokens"),
    (
        "max_completion_tokens",
        Field::CompletionLimit,
        "max_completion_tokens",
    ),
    ("n", Field::Choices, "n"),
    ("best_of", Field::BestOf, "best_of"),
    ("user", Field::User, "user"),
    SAFETY_IDENTIFIER,
    ("service_tier", Field::ServiceTier, "service_tier"),
    SPEED,
    REGION,
    MAX_TOOL_CALLS,
    SEARCH_PARAMETERS,
];

/// Names the end user where `user` does not, which it replaces
/// (<https://platform.openai.com/docs/guides/safety-best-practices#safety-identifiers>).
const SAFETY_IDENTIFIER: Row = (
    "safety_identifier",
    Field::SafetyIdentifier,
    "safety_identifier",
);
/// <https://docs.claude.com/en/docs/build-with-claude/fast-mode>, which gateways take in OpenAI's
/// format as well.
const SPEED: Row = ("speed", Field::Speed, "speed");
/// <https://docs.claude.com/en/docs/build-with-claude/data-residency>.
const REGION: Row = ("inference_geo", Field::Region, "inference_geo");
/// Calls of all the provider's tools together
/// (<https://platform.openai.com/docs/api-reference/responses/create>).
const MAX_TOOL_CALLS: Row = ("max_tool_calls", Field::MaxToolCalls, "max_tool_calls");
/// xAI's live search, which is charged by the source
/// (<https://docs.x.ai/docs/guides/live-search>).
const SEARCH_PARAMETERS: Row = (
    "search_parameters",
    Field::SearchParameters,
    "search_parameters",
);

/// The fields within xAI's `search_parameters`.
pub(super) const SEARCH: [Row; 2] = [
    ("mode", Field::SearchMode, "search_parameters.mode"),
    (
        "max_search_results",
        Field::SearchResults,
        "search_parameters.max_search_results",
    ),
];

const COMPLETIONS: [Row; 15] = {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = OPEN_AI;
    let prompt = ("prompt", Field::Prompt, "prompt");
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, prompt]
};

const RESPONSES: [Row; 10] = [
    ("model", Field::Model, "model"),
    ("stream", Field::Stream, "stream"),
    ("max_output_tokens", Field::OutputLimit, "max_output_tokens"),
    ("user", Field::User, "user"),
    ("background", Field::Background, "background"),
    SAFETY_IDENTIFIER,
    ("service_tier", Field::ServiceTier, "service_tier"),
    SPEED,
    MAX_TOOL_CALLS,
    SEARCH_PARAMETERS,
];

/// There is no limit of the output.
const COMPACT: [Row; 4] = [
    ("model", Field::Model, "model"),
    ("user", Field::User, "user"),
    SAFETY_IDENTIFIER,
    ("service_tier", Field::ServiceTier, "service_tier"),
];

const MODERATIONS: [Row; 2] = [
    ("model", Field::Model, "model"),
    ("user", Field::User, "user"),
];

/// <https://docs.cohere.com/reference/rerank>, <https://jina.ai/reranker>,
/// <https://docs.voyageai.com/reference/reranker-api>.
const RERANK: [Row; 4] = [
    ("model", Field::Model, "model"),
    ("user", Field::User, "user"),
    ("query", Field::Query, "query"),
    ("documents", Field::Documents, "documents"),
];

/// <https://platform.openai.com/docs/api-reference/images/create>.
const IMAGES: [Row; 6] = [
    ("model", Field::Model, "model"),
    ("stream", Field::Stream, "stream"),
    ("n", Field::Choices, "n"),
    ("user", Field::User, "user"),
    ("quality", Field::Quality, "quality"),
    ("size", Field::Size, "size"),
];

/// <https://platform.openai.com/docs/api-reference/audio/createSpeech>.
const SPEECH: [Row; 3] = [
    ("model", Field::Model, "model"),
    ("user", Field::User, "user"),
    ("input", Field::Spoken, "input"),
];

/// <https://platform.openai.com/docs/api-reference/audio/createTranscription>.
const HEARD: [Row; 3] = [
    ("model", Field::Model, "model"),
    ("stream", Field::Stream, "stream"),
    ("user", Field::User, "user"),
];

const ANTHROPIC: [Row; 7] = [
    ("model", Field::Model, "model"),
    ("stream", Field::Stream, "stream"),
    ("max_tokens", Field::OutputLimit, "max_tokens"),
    ("metadata", Field::Metadata, "metadata"),
    ("service_tier", Field::ServiceTier, "service_tier"),
    SPEED,
    REGION,
];

/// Gemini reads the names of its protocol buffers as well as those of its JSON.
const GEMINI: [Row; 5] = [
    ("model", Field::Model, "model"),
    (
        "generationConfig",
        Field::GenerationConfig,
        "generationConfig",
    ),
    (
        "generation_config",
        Field::GenerationConfig,
        "generationConfig",
    ),
    ("serviceTier", Field::ServiceTier, "serviceTier"),
    ("service_tier", Field::ServiceTier, "serviceTier"),
];

const GEMINI_BATCH: [Row; 2] = [
    ("model", Field::Model, "model"),
    ("requests", Field::Requests, "requests"),
];

/// The fields within each of Gemini's `requests`.
pub(super) const EMBED_REQUEST: [Row; 1] = [("model", Field::RequestModel, "requests.model")];

/// The fields within `stream_options`.
pub(super) const STREAM_OPTIONS: [Row; 1] = [(
    "include_usage",
    Field::IncludeUsage,
    "stream_options.include_usage",
)];

/// The fields within Anthropic's `metadata`.
pub(super) const METADATA: [Row; 1] = [("user_id", Field::User, "metadata.user_id")];

/// The fields within Gemini's `generationConfig`.
pub(super) const GENERATION_CONFIG: [Row; 4] = [
    (
        "maxOutputTokens",
        Field::OutputLimit,
        "generationConfig.maxOutputTokens",
    ),
    (
        "max_output_tokens",
        Field::OutputLimit,
        "generationConfig.maxOutputTokens",
    ),
    (
        "candidateCount",
        Field::Choices,
        "generationConfig.candidateCount",
    ),
    (
        "candidate_count",
        Field::Choices,
        "generationConfig.candidateCount",
    ),
];

/// The fields at the top of a body for `endpoint`.
pub(super) fn top_level(endpoint: &Endpoint) -> &'static [Row] {
    match endpoint {
        Endpoint::Completions => &COMPLETIONS,
        Endpoint::ChatCompletions | Endpoint::Embeddings => &OPEN_AI,
        Endpoint::Responses => &RESPONSES,
        Endpoint::CompactResponses => &COMPACT,
        Endpoint::Moderations => &MODERATIONS,
        Endpoint::Rerank => &RERANK,
        Endpoint::ImageGenerations | Endpoint::ImageEdits => &IMAGES,
        Endpoint::Speech => &SPEECH,
        Endpoint::Transcriptions | Endpoint::Translations => &HEARD,
        Endpoint::Messages | Endpoint::CountTokens => &ANTHROPIC,
        Endpoint::Gemini {
            verb: GeminiVerb::BatchEmbedContents,
            ..
        } => &GEMINI_BATCH,
        Endpoint::Gemini { .. } => &GEMINI,
    }
}

/// What a key of an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Exactly a field; its name in messages.
    Known(Field, &'static str),
    /// A field to a parser that ignores case, and none to one that does not.
    Near(&'static str),
    /// Anything else.
    Other(Word),
}

/// What `key`, its escapes decoded, is to a table of fields.
pub(super) fn classify(rows: &[Row], key: &str) -> Key {
    if let Some((_, field, param)) = rows.iter().find(|(name, _, _)| *name == key) {
        return Key::Known(*field, param);
    }
    let near = match key.is_ascii() {
        true => rows.iter().find(|row| row.0.eq_ignore_ascii_case(key)),
        false => rows.iter().find(|row| equals_folded(key, row.0)),
    };
    match near {
        Some((_, _, param)) => Key::Near(param),
        None => Key::Other(Word::of_setting(key)),
    }
}

/// Whether `key` is the ASCII `name` but for case, as Unicode folds it: parsers that ignore case
/// also take the long s for an s and the Kelvin sign for a k.
fn equals_folded(key: &str, name: &str) -> bool {
    let fold = |letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => char::to_ascii_lowercase(&letter),
    };
    key.chars()
        .map(fold)
        .eq(name.chars().map(|letter| letter.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_near_or_other() {
        for (key, expected) in [
            ("model", Key::Known(Field::Model, "model")),
            ("Model", Key::Near("model")),
            ("MAX_TOKENS", Key::Near("max_tokens")),
            ("max_to\u{212a}ens", Key::Near("max_tokens")),
            ("\u{17f}tream", Key::Near("stream")),
            ("models", Key::Other(Word::Models)),
            ("prompt", Key::Other(Word::Prompt)),
            ("", Key::Other(Word::Other)),
        ] {
            assert_eq!(classify(&OPEN_AI, key), expected, "{key}");
        }
        assert_eq!(
            classify(&GEMINI, "generation_config"),
            Key::Known(Field::GenerationConfig, "generationConfig")
        );
        assert_eq!(classify(&COMPLETIONS, "Prompt"), Key::Near("prompt"));
    }
}
