//! Anthropic's messages API.
//!
//! <https://docs.anthropic.com/en/api/messages-streaming>: `message_start` has the message's first
//! `usage`, and each `message_delta` has cumulative values, which overwrite and never add.
//! <https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>: `input_tokens` is without
//! the tokens read from and written to the cache; `cache_creation` splits the written ones by how
//! long they are kept.

use super::path::{Key, Path};
use super::sink::{Marker, Selector, Shape, TextKind};
use crate::usage::TokenUsage;
use serde::Deserialize;

/// What there is to know about a value.
pub(super) fn select(path: &Path, key: Key, shape: Shape) -> Selector {
    match (path.depth(), shape, key, path.at(1)) {
        (1, Shape::Object, Key::Usage, _) => Selector::Capture(true),
        (2, Shape::Object, Key::Usage, Key::Message) => Selector::Capture(false),
        (1, Shape::String, Key::Type, _) => Selector::Marker(Marker::Type),
        (
            2,
            Shape::String,
            Key::Text | Key::Thinking | Key::PartialJson,
            Key::Delta | Key::ContentBlock,
        )
        | (3, Shape::String, Key::Text | Key::Thinking, Key::Content) => {
            Selector::Text(TextKind::Answer)
        }
        (3, Shape::Object, Key::Input, Key::Content) => Selector::AllText,
        _ => Selector::Nothing,
    }
}

/// Whether an event of this type ends the stream.
pub(super) fn is_end(event_type: &[u8]) -> bool {
    event_type == b"message_stop"
}

#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
}

/// Writes a `usage` object over what was known before. Says whether it had the output's count.
///
/// One that cannot be read, or says nothing, changes nothing.
pub(super) fn overwrite(known: &mut Option<TokenUsage>, raw: &[u8]) -> bool {
    let Ok(counts) = serde_json::from_slice::<Counts>(raw) else {
        return false;
    };
    let mut usage = known.unwrap_or_default();
    let mut any = false;
    for (value, field) in [
        (counts.input_tokens, &mut usage.input),
        (counts.cache_read_input_tokens, &mut usage.cached_input),
        (counts.output_tokens, &mut usage.output),
    ] {
        if let Some(value) = value {
            *field = value;
            any = true;
        }
    }
    let written = counts.cache_creation_input_tokens;
    if let Some(split) = counts.cache_creation {
        usage.cache_write_5m = split.ephemeral_5m_input_tokens.unwrap_or(0);
        usage.cache_write_1h = split.ephemeral_1h_input_tokens.unwrap_or(0);
        // What the split leaves out is kept for five minutes, the default.
        let rest = written.unwrap_or(0).saturating_sub(usage.cache_write_1h);
        usage.cache_write_5m = usage.cache_write_5m.max(rest);
        any = true;
    } else if let Some(written) = written {
        // The split, once told, still holds for the part it told of.
        usage.cache_write_1h = usage.cache_write_1h.min(written);
        usage.cache_write_5m = written.saturating_sub(usage.cache_write_1h);
        any = true;
    }
    if any {
        *known = Some(usage);
    }
    counts.output_tokens.is_some()
}
