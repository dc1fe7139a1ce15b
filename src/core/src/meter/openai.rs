//! OpenAI's chat completions, completions and embeddings, and the `usage` objects of both of its
//! APIs.
//!
//! <https://platform.openai.com/docs/api-reference/chat/object>: `prompt_tokens` and
//! `completion_tokens` are wholes, the numbers in their details are parts of them. Embeddings have
//! `prompt_tokens` and `total_tokens` only. `service_tier` is the tier that served the request,
//! which may be another than it asked for; a stream repeats it in every chunk.
//!
//! Others speak it with an accent. Some count as `input_tokens` and `output_tokens`. DeepSeek
//! (<https://api-docs.deepseek.com/guides/kv_cache>) names the cached part
//! `prompt_cache_hit_tokens` as well; Moonshot (<https://platform.moonshot.ai/docs/api/chat>) has
//! `cached_tokens` at the top, and in streams `usage` inside the choice; Groq has it in `x_groq`.
//! xAI (<https://docs.x.ai/docs/guides/reasoning>) counts the reasoning beside
//! `completion_tokens`, and `total_tokens` says so. Google's compatible endpoint
//! (<https://ai.google.dev/gemini-api/docs/openai>) does too, and says no more than the total.
//! Perplexity (<https://docs.perplexity.ai/getting-started/pricing>) charges `citation_tokens` and
//! `reasoning_tokens` beside what `total_tokens` sums up.

use super::counts::{Count, Counts};
use super::path::{Key, Path};
use super::sink::{List, Marker, Selector, Shape, TextKind};
use super::value::Value;

/// What there is to know about a value.
pub(super) fn select(path: &Path, key: Key, shape: Shape) -> Selector {
    match (path.depth(), shape, key) {
        (1, Shape::Object, Key::Usage) => Selector::Capture,
        (1, Shape::Array, Key::Choices) => Selector::Items(List::Choices),
        (1, Shape::Array, Key::Data) => Selector::Items(List::Other),
        (1, Shape::String, Key::ServiceTier) => Selector::Marker(Marker::Tier),
        (1, Shape::String, Key::Model) => Selector::Marker(Marker::Model),
        (2, Shape::Object, Key::Usage) if path.at(1) == Key::XGroq => Selector::Capture,
        (3.., Shape::String, _) if path.at(1) == Key::Choices => in_choice(path, key),
        (3, Shape::Object, Key::Usage) if path.at(1) == Key::Choices => Selector::Capture,
        (3, Shape::Object, Key::Error) if path.at(1) == Key::Choices => {
            Selector::Items(List::Error)
        }
        _ => Selector::Nothing,
    }
}

fn in_choice(path: &Path, key: Key) -> Selector {
    match (key, path.at(4)) {
        (Key::FinishReason, _) if path.depth() == 3 => Selector::Marker(Marker::Finish),
        // OpenRouter repeats the reasoning here in another shape.
        (_, Key::ReasoningDetails) => Selector::Nothing,
        (Key::Type, Key::Annotations) => Selector::Marker(Marker::Annotation),
        (_, Key::Annotations) => Selector::Nothing,
        // A later request may name what was said before: <https://platform.openai.com/docs/guides/audio>.
        (Key::Id, Key::Audio) => Selector::Marker(Marker::Stored),
        (Key::Data, Key::Audio) | (Key::B64Json, _) => Selector::Text(TextKind::Media),
        (Key::Url, _) if path.at(6) == Key::ImageUrl => Selector::Text(TextKind::Media),
        (
            Key::Content
            | Key::Text
            | Key::Arguments
            | Key::Refusal
            | Key::Thinking
            | Key::Transcript
            | Key::Input
            | Key::Name,
            _,
        ) => Selector::Text(TextKind::Answer),
        (Key::Reasoning, _) => Selector::Text(TextKind::Reasoning),
        (Key::ReasoningContent, _) => Selector::Text(TextKind::ReasoningContent),
        _ => Selector::Nothing,
    }
}

/// Takes a member of a `usage` object, if it is a count.
pub(super) fn count(counts: &mut Counts, key: &[u8], value: Value<'_>) -> bool {
    let kind = match key {
        b"prompt_tokens" | b"input_tokens" => Count::Prompt,
        b"completion_tokens" | b"output_tokens" => Count::Output,
        b"total_tokens" => Count::Total,
        b"cached_tokens" | b"cache_read_input_tokens" | b"prompt_cache_hit_tokens" => Count::Cached,
        b"prompt_cache_miss_tokens" => Count::NotCached,
        b"cache_creation_input_tokens" => Count::Written,
        b"citation_tokens" => Count::PromptBeside,
        b"reasoning_tokens" => Count::ReasoningBeside,
        b"prompt_tokens_details" | b"input_tokens_details" | b"input_token_details" => {
            prompt_details(counts, value);
            return true;
        }
        b"completion_tokens_details" | b"output_tokens_details" => {
            output_details(counts, value);
            return true;
        }
        _ => return false,
    };
    counts.raise(kind, value);
    true
}

fn prompt_details(counts: &mut Counts, details: Value<'_>) {
    for (key, value) in details.members() {
        match key {
            b"cached_tokens" => counts.raise(Count::Cached, value),
            b"cache_write_tokens" | b"cache_creation_tokens" => {
                counts.raise(Count::Written, value);
            }
            b"audio_tokens" => counts.raise(Count::AudioInput, value),
            b"image_tokens" => counts.raise(Count::ImageInput, value),
            _ => {}
        }
    }
}

fn output_details(counts: &mut Counts, details: Value<'_>) {
    for (key, value) in details.members() {
        match key {
            b"reasoning_tokens" => counts.raise(Count::Reasoning, value),
            b"audio_tokens" => counts.raise(Count::AudioOutput, value),
            b"image_tokens" => counts.raise(Count::ImageOutput, value),
            _ => {}
        }
    }
}

/// Whether these counts tell the output. Those of embeddings do not name it: their total is the
/// prompt.
pub(super) fn tell_output(counts: &Counts) -> bool {
    counts.told(Count::Output).is_some()
        || (counts.told(Count::Total).is_some() && counts.wholes().output == 0)
}

/// Whether Google's compatible endpoint served the answer, of which the total alone has the
/// thoughts.
pub(super) fn hides_thoughts(model: &str) -> bool {
    model
        .rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with("gemini-"))
}
