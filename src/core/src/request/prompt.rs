//! How large a prompt is, without tokenizing it.

use super::found::Found;
use super::media::Media;
use super::place::{Place, Seen};
use super::walk::Walk;
use super::word::Word;
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// What a body holds that a model will read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromptSize {
    /// Bytes of UTF-8 in strings and in the keys of objects.
    pub text_bytes: u64,
    /// Numbers: a prompt given as tokens has one each.
    pub numbers: u64,
    /// Objects: messages, parts and tools, each of which costs a few tokens of framing.
    pub objects: u64,
    /// Images.
    pub images: Media,
    /// Documents.
    pub documents: Media,
    /// Sounds.
    pub audio: Media,
    /// Videos.
    pub video: Media,
    /// Media that may be any of these.
    pub unknown_media: Media,
}

impl PromptSize {
    /// The tokens most prompts of this size have: what a rate is charged before the provider has
    /// counted. English prose has about four bytes a token. At least 1.
    pub fn likely_tokens(&self) -> u64 {
        let text = self.tokens(4, 3);
        text.saturating_add(self.likely_media_tokens()).max(1)
    }

    /// More tokens than the text of prompts of this size has: what a hold assumes.
    ///
    /// The tokenizers in use learned their merges from natural languages and code, which stay under
    /// one token for two bytes of UTF-8: prose near a quarter, Chinese and Japanese (three bytes a
    /// character) near 0.4, dense code and JSON under a half. Only text made to defeat a tokenizer
    /// passes this; what it costs beyond is still booked, from the provider's own count.
    pub fn ceiling_tokens(&self) -> u64 {
        self.tokens(2, 8).saturating_add(16)
    }

    fn tokens(&self, bytes_per_token: u64, per_object: u64) -> u64 {
        let text = self.text_bytes.checked_div(bytes_per_token).unwrap_or(0);
        text.saturating_add(self.numbers)
            .saturating_add(self.objects.saturating_mul(per_object))
    }

    pub(super) fn add_text(&mut self, text: &str) {
        self.text_bytes = self.text_bytes.saturating_add(text.len() as u64);
    }
}

/// Adds the `prompt` of a text completion; says how many prompts it is.
pub(super) struct Prompts<'f, 'a>(pub(super) &'f mut Found<'a>);

impl<'f, 'a> Prompts<'f, 'a> {
    fn element(found: &'f mut Found<'a>) -> Walk<'f, 'a> {
        Walk::member(found, Place::Content, Word::Other)
    }
}

impl<'a> DeserializeSeed<'a> for Prompts<'_, 'a> {
    type Value = u64;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Prompts<'_, 'a> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a prompt")
    }

    fn visit_unit<E: Error>(self) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<u64, E> {
        Ok(1)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        self.0.size.add_text(text);
        Ok(1)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<u64, A::Error> {
        // Numbers are the tokens of one prompt; anything else is a prompt of its own.
        let mut prompts: u64 = 0;
        while let Some(seen) = elements.next_element_seed(Prompts::element(&mut *self.0))? {
            let is_token = matches!(seen, Seen::Number(_));
            prompts = prompts.saturating_add(u64::from(!is_token));
        }
        Ok(prompts.max(1))
    }

    fn visit_map<A: MapAccess<'a>>(self, entries: A) -> Result<u64, A::Error> {
        Prompts::element(self.0).visit_map(entries).map(|_| 1)
    }
}
