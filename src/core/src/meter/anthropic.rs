//! Anthropic's messages API.
//!
//! <https://docs.claude.com/en/api/messages-streaming>: `message_start` has the message's first
//! `usage`, and each `message_delta` has cumulative values, which never add.
//! <https://docs.claude.com/en/docs/build-with-claude/prompt-caching>: `input_tokens` is without
//! the tokens read from and written to the cache; `cache_creation` splits the written ones by how
//! long they are kept.
//! <https://platform.claude.com/docs/en/build-with-claude/compaction> and
//! <https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool>: `iterations` has
//! the usage of each time that a model ran; the counts beside it leave out compactions, other
//! models, and the prompts of all times but one. An iteration of another model names it.
//! <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>: reasoning that is not
//! shown is sealed in `signature` or, of `redacted_thinking`, in `data`.
//! <https://platform.claude.com/docs/en/build-with-claude/fast-mode>: `speed` says which served.
//! <https://platform.claude.com/docs/en/build-with-claude/data-residency>: `inference_geo` says
//! where.
//! <https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool>: a later
//! request may name the `container` that code ran in, and the files that its results list.

use super::counts::{Count, Counts};
use super::path::{Key, Path};
use super::sink::{Marker, Selector, Shape, TextKind};
use super::value::Value;
use crate::usage::TokenUsage;

const STORED: Selector = Selector::Marker(Marker::Stored);

/// What there is to know about a value.
pub(super) fn select(path: &Path, key: Key, shape: Shape) -> Selector {
    match (path.depth(), shape, key, path.at(1)) {
        (1, Shape::Object, Key::Usage, _) | (2, Shape::Object, Key::Usage, Key::Message) => {
            Selector::Capture
        }
        (1, Shape::String, Key::Type, _) => Selector::Marker(Marker::Type),
        (1, Shape::String, Key::Model, _) | (2, Shape::String, Key::Model, Key::Message) => {
            Selector::Marker(Marker::Model)
        }
        (2, Shape::String, Key::Id, Key::Container) => STORED,
        (3, Shape::String, Key::Id, Key::Message | Key::Delta) if path.at(2) == Key::Container => {
            STORED
        }
        (5, Shape::String, Key::FileId, Key::ContentBlock)
            if path.at(2) == Key::Content && path.at(3) == Key::Content =>
        {
            STORED
        }
        (6, Shape::String, Key::FileId, Key::Content)
            if path.at(3) == Key::Content && path.at(4) == Key::Content =>
        {
            STORED
        }
        (1, Shape::String, Key::StopReason, _)
        | (2, Shape::String, Key::StopReason, Key::Delta) => Selector::Marker(Marker::Finish),
        (
            2,
            Shape::String,
            Key::Text | Key::Thinking | Key::PartialJson | Key::Content | Key::Name,
            Key::Delta | Key::ContentBlock,
        )
        | (3, Shape::String, Key::Text | Key::Thinking | Key::Content | Key::Name, Key::Content) => {
            Selector::Text(TextKind::Answer)
        }
        (2, Shape::String, Key::Sealed, Key::Delta)
        | (2, Shape::String, Key::Data, Key::ContentBlock)
        | (3, Shape::String, Key::Sealed | Key::Data, Key::Content) => {
            Selector::Text(TextKind::Item)
        }
        (3, Shape::Object, Key::Input, Key::Content)
        | (2, Shape::Object, Key::Input, Key::ContentBlock) => Selector::AllText,
        _ => Selector::Nothing,
    }
}

/// Whether an event of this type ends the stream.
pub(super) fn is_end(event_type: &[u8]) -> bool {
    event_type == b"message_stop"
}

/// Takes a member of a `usage` object, or of one of its iterations, if it is a count.
pub(super) fn count(counts: &mut Counts, key: &[u8], value: Value<'_>) -> bool {
    let kind = match key {
        b"input_tokens" => Count::Prompt,
        b"cache_read_input_tokens" => Count::Cached,
        b"cache_creation_input_tokens" => Count::Written,
        b"output_tokens" => Count::Output,
        b"cache_creation" => {
            for (key, value) in value.members() {
                match key {
                    b"ephemeral_5m_input_tokens" => counts.raise(Count::Written5m, value),
                    b"ephemeral_1h_input_tokens" => counts.raise(Count::Written1h, value),
                    _ => {}
                }
            }
            return true;
        }
        _ => return false,
    };
    counts.raise(kind, value);
    true
}

/// The most models that are told apart within one call.
const MOST_MODELS: usize = 16;

/// What each model used, by its name; that of the answer has none, or its own.
#[derive(Debug, Default)]
pub(super) struct Iterations(Vec<(String, TokenUsage)>);

impl Iterations {
    /// Reads the `iterations` of a `usage` object. A model's sum never shrinks.
    pub(super) fn read(&mut self, iterations: Value<'_>) {
        let mut sums = Iterations::default();
        for iteration in iterations.items() {
            let (mut model, mut counts) = ("", Counts::default());
            for (key, value) in iteration.members() {
                if key == b"model" {
                    model = value.text().unwrap_or_default();
                } else {
                    count(&mut counts, key, value);
                }
            }
            let tokens = counts.beside_the_cache();
            sums.take(model, &tokens, TokenUsage::plus);
        }
        for (model, tokens) in sums.0 {
            self.take(&model, &tokens, TokenUsage::max);
        }
    }

    fn take(
        &mut self,
        model: &str,
        tokens: &TokenUsage,
        with: fn(&TokenUsage, &TokenUsage) -> TokenUsage,
    ) {
        let is_full = self.0.len() >= MOST_MODELS;
        let known = match self.0.iter().position(|(name, _)| name == model) {
            None if is_full => self.0.last_mut(),
            None => None,
            Some(at) => self.0.get_mut(at),
        };
        match known {
            Some((_, sum)) => *sum = with(sum, tokens),
            None => self.0.push((model.to_owned(), *tokens)),
        }
    }

    /// What the model of the answer used, and what others did.
    pub(super) fn split(&self, model: Option<&str>) -> (TokenUsage, Vec<(String, TokenUsage)>) {
        let mut own = TokenUsage::default();
        let mut others = Vec::new();
        for (name, tokens) in &self.0 {
            if name.is_empty() || model == Some(name) {
                own = own.plus(tokens);
            } else {
                others.push((name.clone(), *tokens));
            }
        }
        (own, others)
    }
}
