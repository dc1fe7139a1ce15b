//! OpenAI's chat completions, completions and embeddings.
//!
//! <https://platform.openai.com/docs/api-reference/chat/object>: `prompt_tokens` and
//! `completion_tokens` are wholes, the numbers in their details are parts of them. Embeddings have
//! `prompt_tokens` and `total_tokens` only. DeepSeek
//! (<https://api-docs.deepseek.com/guides/kv_cache>) names the cached part
//! `prompt_cache_hit_tokens` as well. xAI (<https://docs.x.ai/docs/guides/reasoning>) and Google's
//! OpenAI-compatible endpoint count the reasoning beside `completion_tokens`, which only
//! `total_tokens` tells. `service_tier` is the tier that served the request, which may
//! be another than it asked for; a stream repeats it in every chunk.

use super::path::{Key, Path};
use super::sink::{Marker, Selector, Shape, TextKind};
use crate::usage::TokenUsage;
use serde::Deserialize;

/// What there is to know about a value.
pub(super) fn select(path: &Path, key: Key, shape: Shape) -> Selector {
    match (path.depth(), shape, key) {
        (1, Shape::Object, Key::Usage) => Selector::Capture(true),
        (1, Shape::Array, Key::Choices) => Selector::Items,
        (1, Shape::String, Key::ServiceTier) => Selector::Marker(Marker::Tier),
        (3.., Shape::String, _) if path.at(1) == Key::Choices => match key {
            Key::FinishReason if path.depth() == 3 => Selector::Marker(Marker::Finish),
            // OpenRouter repeats the reasoning here in another shape.
            _ if path.at(4) == Key::ReasoningDetails => Selector::Nothing,
            Key::Content | Key::Text | Key::Arguments | Key::Refusal | Key::Thinking => {
                Selector::Text(TextKind::Answer)
            }
            Key::Reasoning => Selector::Text(TextKind::Reasoning),
            Key::ReasoningContent => Selector::Text(TextKind::ReasoningContent),
            _ => Selector::Nothing,
        },
        _ => Selector::Nothing,
    }
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

/// Reads a `usage` object; none where it says nothing or nothing readable.
pub(super) fn usage(raw: &[u8]) -> Option<TokenUsage> {
    let counts: Counts = serde_json::from_slice(raw).ok()?;
    if counts.prompt_tokens.is_none() && counts.completion_tokens.is_none() {
        counts.total_tokens?;
    }
    let mut output = counts.completion_tokens.unwrap_or(0);
    let prompt = counts
        .prompt_tokens
        .or_else(|| Some(counts.total_tokens?.saturating_sub(output)))
        .unwrap_or(0);
    let cached = counts
        .prompt_tokens_details
        .and_then(|details| details.cached_tokens)
        .or(counts.prompt_cache_hit_tokens)
        .unwrap_or(0);
    let reasoning = counts
        .completion_tokens_details
        .and_then(|details| details.reasoning_tokens)
        .unwrap_or(0);
    if counts.completion_tokens.is_some() {
        // What the total has beyond the two parts is reasoning that was counted beside them.
        let whole = counts.total_tokens.unwrap_or(0).saturating_sub(prompt);
        output = output.max(whole);
    }
    Some(split(prompt, cached, output, reasoning))
}

/// Splits two wholes, of which the parts are never larger.
pub(super) fn split(prompt: u64, cached: u64, output: u64, reasoning: u64) -> TokenUsage {
    let cached_input = cached.min(prompt);
    TokenUsage {
        input: prompt.saturating_sub(cached_input),
        cached_input,
        output,
        reasoning: reasoning.min(output),
        ..TokenUsage::default()
    }
}
