//! Answers of endpoints that are charged by the image, the second, the character or the search.
//!
//! <https://platform.openai.com/docs/api-reference/images/object>: each item of `data` is an image; in a
//! stream (<https://platform.openai.com/docs/api-reference/images-streaming>) each event `….completed`
//! is one, with the tokens of that image. Those of a completion are of the image, unless their details
//! say otherwise.
//! <https://platform.openai.com/docs/api-reference/audio/json-object>: `usage` has tokens, or the
//! `seconds` of the sound; the verbose answer of Whisper and of who copies it has `duration`, a number
//! or a text.
//! <https://platform.openai.com/docs/api-reference/audio/speech-audio-done-event>: the tokens of spoken
//! text come in a stream alone.
//! <https://docs.cohere.com/reference/rerank>: `meta.billed_units.search_units`;
//! <https://docs.voyageai.com/reference/reranker-api>: `usage.total_tokens`.

use super::counts::{Count, Counts};
use super::path::{Key, Path};
use super::sink::{Held, List, Marker, Selector, Shape, TextKind};
use super::value::Value;
use crate::units::{Unit, Units};
use crate::usage::TokenUsage;

/// What has been counted of one answer.
#[derive(Debug)]
pub(super) struct Counted {
    unit: Unit,
    units: Units,
    /// Images in the answer, by how it has them.
    inline: u64,
    by_address: u64,
    /// Images that events have completed.
    completed: u64,
    /// The tokens of the images before the last.
    earlier: TokenUsage,
}

impl Counted {
    pub(super) fn new(unit: Unit) -> Counted {
        Counted {
            unit,
            units: Units::NONE,
            inline: 0,
            by_address: 0,
            completed: 0,
            earlier: TokenUsage::default(),
        }
    }

    /// What there is to know about a value.
    pub(super) fn select(&self, path: &Path, key: Key, shape: Shape) -> Selector {
        match (path.depth(), shape, key) {
            (1, Shape::Object, Key::Usage) => Selector::Capture,
            (1, Shape::String, Key::Type) => Selector::Marker(Marker::Type),
            (1, Shape::String, Key::Model) => Selector::Marker(Marker::Model),
            (1, Shape::Array, Key::Data | Key::Results) => Selector::Items(List::Other),
            (1, Shape::String, Key::Duration) => Selector::Marker(Marker::Duration),
            (1, Shape::String, Key::Text | Key::Delta) => Selector::Text(TextKind::Answer),
            (1, Shape::String, Key::Audio | Key::B64Json) => Selector::Text(TextKind::Media),
            (2, Shape::Object, Key::BilledUnits) if path.at(1) == Key::Meta => Selector::Capture,
            (3, Shape::String, Key::B64Json) if path.at(1) == Key::Data => {
                Selector::Marker(Marker::Image(Held::Inline))
            }
            (3, Shape::String, Key::Url) if path.at(1) == Key::Data => {
                Selector::Marker(Marker::Image(Held::ByAddress))
            }
            _ => Selector::Nothing,
        }
    }

    /// Takes a short string, or a number.
    pub(super) fn marker(&mut self, marker: Marker, raw: &[u8]) {
        match marker {
            Marker::Image(Held::Inline) => self.inline = self.inline.saturating_add(1),
            Marker::Image(Held::ByAddress) => {
                self.by_address = self.by_address.saturating_add(1);
            }
            Marker::Duration => {
                let seconds = Value::new(raw).begun().unwrap_or(0);
                self.raise(Unit::Second, seconds);
            }
            _ => {}
        }
    }

    /// An event of such a type has come. Whether it comes last.
    pub(super) fn event(&mut self, event_type: &[u8]) -> bool {
        let completes_image = matches!(
            event_type,
            b"image_generation.completed" | b"image_edit.completed"
        );
        if completes_image {
            self.completed = self.completed.saturating_add(1);
        }
        completes_image || matches!(event_type, b"transcript.text.done" | b"speech.audio.done")
    }

    /// Another usage object comes in a stream: that of an image is of that image alone.
    pub(super) fn next_usage(&mut self, counts: &mut Counts) {
        if self.unit == Unit::Image {
            let before = core::mem::take(counts);
            let before = self.tokens_of(&before).unwrap_or_default();
            self.earlier = self.earlier.plus(&before);
        }
    }

    /// Takes a member of a `usage` or `billed_units` object, if it counts units.
    pub(super) fn count(&mut self, key: &[u8], value: Value<'_>) {
        let unit = match key {
            b"seconds" => Unit::Second,
            b"search_units" => Unit::SearchUnit,
            _ => return,
        };
        self.raise(unit, value.begun().unwrap_or(0));
    }

    fn raise(&mut self, unit: Unit, count: u64) {
        if unit == self.unit {
            self.units.raise(unit, count);
        }
    }

    /// What has been counted.
    pub(super) fn units(&self) -> Units {
        let mut units = self.units;
        if self.unit == Unit::Image {
            let images = self.inline.max(self.by_address).max(self.completed);
            units.raise(Unit::Image, images);
        }
        units
    }

    /// The tokens, if the provider counts them.
    pub(super) fn tokens(&self, counts: &Counts) -> Option<TokenUsage> {
        let last = self.tokens_of(counts);
        match self.earlier == TokenUsage::default() {
            true => last,
            false => Some(self.earlier.plus(&last.unwrap_or_default())),
        }
    }

    fn tokens_of(&self, counts: &Counts) -> Option<TokenUsage> {
        if counts.is_empty() {
            return None;
        }
        let mut tokens = counts.wholes();
        let is_told = counts.told(Count::ImageOutput).is_some();
        match self.unit {
            Unit::Image if !is_told => tokens.image_output = tokens.output,
            Unit::Character => tokens.audio_output = tokens.output,
            _ => {}
        }
        Some(tokens)
    }
}
