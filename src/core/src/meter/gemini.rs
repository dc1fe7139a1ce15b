//! Google's `generateContent` and `streamGenerateContent`.
//!
//! <https://ai.google.dev/api/generate-content#UsageMetadata>: `promptTokenCount` includes
//! `cachedContentTokenCount`; the thoughts and what tools put into the prompt are counted beside
//! it and the candidates, `totalTokenCount` is the sum of all, and the details have the same tokens
//! by modality. A count of zero is left out. A stream repeats running values. Vertex AI also sends
//! metadata without any count (`trafficType` alone), and tells the tier by it
//! (<https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse>).

use super::counts::{Count, Counts};
use super::path::{Key, Path};
use super::sink::{List, Marker, Selector, Shape, TextKind};
use super::value::Value;
use crate::usage::TokenUsage;

/// What there is to know about a value.
pub(super) fn select(path: &Path, key: Key, shape: Shape) -> Selector {
    match (path.depth(), shape, key) {
        (1, Shape::Object, Key::UsageMetadata) => Selector::Capture,
        (1, Shape::String, Key::Model) => Selector::Marker(Marker::Model),
        (1, Shape::Array, Key::Candidates) | (1, Shape::Array | Shape::Object, Key::Embedding) => {
            Selector::Items(List::Other)
        }
        (2, Shape::String, Key::BlockReason) if path.at(1) == Key::PromptFeedback => {
            Selector::Marker(Marker::Finish)
        }
        (3.., _, _) if path.at(1) == Key::Candidates => in_candidate(path, key, shape),
        _ => Selector::Nothing,
    }
}

fn in_candidate(path: &Path, key: Key, shape: Shape) -> Selector {
    match (path.depth(), shape, key, path.at(3)) {
        (3, Shape::String, Key::FinishReason, _) => Selector::Marker(Marker::Finish),
        (6, Shape::String, Key::Text, Key::Content)
        | (7, Shape::String, Key::Code, Key::Content) => Selector::Text(TextKind::Answer),
        (6, Shape::String, Key::Sealed, Key::Content) => Selector::Text(TextKind::Item),
        (6, Shape::Object, Key::FunctionCall, Key::Content) => Selector::AllText,
        (7, Shape::String, Key::Data, Key::Content) if path.at(6) == Key::InlineData => {
            Selector::Text(TextKind::Media)
        }
        (4, Shape::Array, Key::GroundingChunks, Key::GroundingMetadata) => {
            Selector::Items(List::Grounding)
        }
        (5, Shape::String, _, Key::GroundingMetadata) if path.at(4) == Key::WebSearchQueries => {
            Selector::Marker(Marker::Query)
        }
        _ => Selector::Nothing,
    }
}

/// Takes a member of a `usageMetadata` object, if it is a count.
pub(super) fn count(counts: &mut Counts, key: &[u8], value: Value<'_>) -> bool {
    let kind = match key {
        b"promptTokenCount" => Count::Prompt,
        b"cachedContentTokenCount" => Count::Cached,
        b"candidatesTokenCount" => Count::Output,
        b"thoughtsTokenCount" => Count::Reasoning,
        b"toolUsePromptTokenCount" => Count::PromptBeside,
        b"totalTokenCount" => Count::Total,
        b"promptTokensDetails" => {
            modalities(counts, value, Count::AudioInput, Some(Count::ImageInput));
            return true;
        }
        b"cacheTokensDetails" => {
            modalities(counts, value, Count::AudioCached, None);
            return true;
        }
        b"candidatesTokensDetails" => {
            modalities(counts, value, Count::AudioOutput, Some(Count::ImageOutput));
            return true;
        }
        _ => return false,
    };
    counts.raise(kind, value);
    true
}

/// Reads a list of counts by modality. Video is charged as images are.
fn modalities(counts: &mut Counts, details: Value<'_>, audio: Count, image: Option<Count>) {
    let (mut heard, mut seen) = (None, None);
    for item in details.items() {
        let (mut modality, mut tokens) = (None, None);
        for (key, value) in item.members() {
            match key {
                b"modality" => modality = value.text(),
                b"tokenCount" => tokens = value.count(),
                _ => {}
            }
        }
        let sum = match modality {
            Some("AUDIO") => &mut heard,
            Some("IMAGE" | "VIDEO") => &mut seen,
            _ => continue,
        };
        *sum = tokens
            .map(|tokens| tokens.saturating_add(sum.unwrap_or(0)))
            .max(*sum);
    }
    counts.raise_to(audio, heard);
    if let Some(image) = image {
        counts.raise_to(image, seen);
    }
}

/// The tokens that the counts come to.
pub(super) fn tokens(counts: &Counts) -> TokenUsage {
    let prompt = counts.get(Count::Prompt);
    let cached_input = counts.get(Count::Cached).min(prompt);
    let thoughts = counts.get(Count::Reasoning);
    let tools = counts.get(Count::PromptBeside);
    // A candidate's count is left out of some answers that have one.
    let candidates = counts.told(Count::Output).unwrap_or_else(|| {
        let rest = counts.get(Count::Total).saturating_sub(prompt);
        rest.saturating_sub(thoughts).saturating_sub(tools)
    });
    counts.with_media(TokenUsage {
        input: prompt.saturating_sub(cached_input).saturating_add(tools),
        cached_input,
        output: candidates.saturating_add(thoughts),
        reasoning: thoughts,
        ..TokenUsage::default()
    })
}

/// The tier that a `trafficType` means; what was paid for beforehand is OpenAI's `scale`.
pub(super) fn tier(traffic: &str) -> Option<&'static str> {
    Some(match traffic {
        "ON_DEMAND" => "on_demand",
        "ON_DEMAND_PRIORITY" => "priority",
        "ON_DEMAND_FLEX" => "flex",
        "PROVISIONED_THROUGHPUT" => "scale",
        _ => return None,
    })
}
