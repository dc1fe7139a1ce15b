//! Google's `generateContent` and `streamGenerateContent`.
//!
//! <https://ai.google.dev/api/generate-content#UsageMetadata>: `promptTokenCount` includes
//! `cachedContentTokenCount`; the thoughts are counted beside the candidates; a count of zero is
//! left out. A stream repeats running values, of which the last holds. Vertex AI also sends
//! metadata without any count (`trafficType` alone), which says nothing.

use super::openai::split;
use super::path::{Key, Path};
use super::sink::{Marker, Selector, Shape, TextKind};
use crate::usage::TokenUsage;
use serde::Deserialize;

/// What there is to know about a value.
pub(super) fn select(path: &Path, key: Key, shape: Shape) -> Selector {
    match (path.depth(), shape, key, path.at(1)) {
        (1, Shape::Object, Key::UsageMetadata, _) => Selector::Capture(true),
        (3, Shape::String, Key::FinishReason, Key::Candidates)
        | (2, Shape::String, Key::BlockReason, Key::PromptFeedback) => {
            Selector::Marker(Marker::Finish)
        }
        (6, Shape::String, Key::Text, Key::Candidates)
        | (7, Shape::String, Key::Code, Key::Candidates)
            if path.at(3) == Key::Content =>
        {
            Selector::Text(TextKind::Answer)
        }
        (6, Shape::Object, Key::FunctionCall, Key::Candidates) if path.at(3) == Key::Content => {
            Selector::AllText
        }
        _ => Selector::Nothing,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
}

/// Reads a `usageMetadata` object; none where it says nothing or nothing readable.
pub(super) fn usage(raw: &[u8]) -> Option<TokenUsage> {
    let counts: Counts = serde_json::from_slice(raw).ok()?;
    if counts.prompt_token_count.is_none() && counts.candidates_token_count.is_none() {
        counts.thoughts_token_count?;
    }
    let thoughts = counts.thoughts_token_count.unwrap_or(0);
    let candidates = counts.candidates_token_count.unwrap_or(0);
    let mut usage = split(
        counts.prompt_token_count.unwrap_or(0),
        counts.cached_content_token_count.unwrap_or(0),
        candidates.saturating_add(thoughts),
        thoughts,
    );
    let tools = counts.tool_use_prompt_token_count.unwrap_or(0);
    usage.input = usage.input.saturating_add(tools);
    Some(usage)
}
