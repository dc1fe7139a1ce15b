//! OpenAI's responses API.
//!
//! <https://platform.openai.com/docs/api-reference/responses-streaming>: the events that end a
//! stream, `response.completed`, `response.incomplete` and `response.failed`, carry the whole
//! response with its `usage`, which may be null. Every other event that repeats text (`….done`)
//! repeats what `….delta` events have brought, so only those are counted. The `service_tier` of the
//! first events is the one asked for; that of the last is the one that served.

use super::openai::split;
use super::path::{Key, Path};
use super::sink::{Marker, Selector, Shape, TextKind};
use crate::usage::TokenUsage;
use serde::Deserialize;

/// What there is to know about a value.
pub(super) fn select(path: &Path, key: Key, shape: Shape) -> Selector {
    match (path.depth(), shape, key) {
        (1, Shape::Object, Key::Usage) => Selector::Capture(true),
        (2, Shape::Object, Key::Usage) if path.at(1) == Key::Response => Selector::Capture(false),
        (1, Shape::String, Key::ServiceTier) => Selector::Marker(Marker::Tier),
        (2, Shape::String, Key::ServiceTier) if path.at(1) == Key::Response => {
            Selector::Marker(Marker::Tier)
        }
        (1, Shape::String, Key::Type) => Selector::Marker(Marker::Type),
        (1, Shape::String, Key::Delta) => Selector::Text(TextKind::Answer),
        (3, Shape::String, Key::Arguments | Key::Input | Key::Code)
            if path.at(1) == Key::Output =>
        {
            Selector::Text(TextKind::Answer)
        }
        (5, Shape::String, Key::Text | Key::Refusal)
            if path.at(1) == Key::Output && matches!(path.at(3), Key::Content | Key::Summary) =>
        {
            Selector::Text(TextKind::Answer)
        }
        _ => Selector::Nothing,
    }
}

/// Whether an event of this type ends the stream.
pub(super) fn is_end(event_type: &[u8]) -> bool {
    matches!(
        event_type,
        b"response.completed" | b"response.incomplete" | b"response.failed"
    )
}

#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

/// Reads a `usage` object; none where it says nothing or nothing readable.
pub(super) fn usage(raw: &[u8]) -> Option<TokenUsage> {
    let counts: Counts = serde_json::from_slice(raw).ok()?;
    if counts.input_tokens.is_none() {
        counts.output_tokens?;
    }
    let cached = counts
        .input_tokens_details
        .and_then(|details| details.cached_tokens);
    let reasoning = counts
        .output_tokens_details
        .and_then(|details| details.reasoning_tokens);
    Some(split(
        counts.input_tokens.unwrap_or(0),
        cached.unwrap_or(0),
        counts.output_tokens.unwrap_or(0),
        reasoning.unwrap_or(0),
    ))
}
