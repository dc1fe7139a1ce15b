//! How large a prompt is, without tokenizing it.

use super::key::KeyAs;
use crate::policy::MediaTokens;
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
    /// Images, sounds and documents, whose tokens have little to do with their bytes.
    pub media: u64,
}

/// Most prompt tokens of an image, if its model's are not known: gpt-4o-mini counts so many for the
/// largest (<https://platform.openai.com/docs/guides/images-vision#calculating-costs>).
const MOST_TOKENS_OF_IMAGE: u64 = 50_000;

impl PromptSize {
    /// The most tokens of its images, sounds and documents. `model` tells the most of one, if that is
    /// known.
    pub fn media_tokens(&self, model: &MediaTokens) -> u64 {
        let image = model.image.unwrap_or(MOST_TOKENS_OF_IMAGE);
        self.media.saturating_mul(image)
    }

    /// The tokens most prompts of this size have: what a rate is charged before the provider has
    /// counted. English prose has about four bytes a token. At least 1.
    pub fn likely_tokens(&self) -> u64 {
        self.tokens(4, 3, 1_000).max(1)
    }

    /// More tokens than prompts of this size have: what a hold assumes.
    ///
    /// The tokenizers in use learned their merges from natural languages and code, which stay under
    /// one token for two bytes of UTF-8: prose near a quarter, Chinese and Japanese (three bytes a
    /// character) near 0.4, dense code and JSON under a half. Only text made to defeat a tokenizer
    /// passes this; what it costs beyond is still booked, from the provider's own count.
    pub fn ceiling_tokens(&self) -> u64 {
        self.tokens(2, 8, 0).saturating_add(16)
    }

    fn tokens(&self, bytes_per_token: u64, per_object: u64, per_medium: u64) -> u64 {
        let text = self.text_bytes.checked_div(bytes_per_token).unwrap_or(0);
        text.saturating_add(self.numbers)
            .saturating_add(self.objects.saturating_mul(per_object))
            .saturating_add(self.media.saturating_mul(per_medium))
    }

    fn add_text(&mut self, text: &str) {
        self.text_bytes = self.text_bytes.saturating_add(text.len() as u64);
    }
}

/// Shorter base64 counts as text: too short for an image.
const LEAST_BASE64: usize = 1_024;
/// A longer address is no address.
const LONGEST_ADDRESS: usize = 8_192;

/// Whether a value under this key can be an image, a sound or a document. Under any other key
/// `data:…` and base64 are text to the model as well, however they look.
pub(super) fn is_media_key(key: &str) -> bool {
    matches!(
        key,
        "data"
            | "url"
            | "uri"
            | "image"
            | "images"
            | "image_url"
            | "audio"
            | "audio_url"
            | "video"
            | "video_url"
            | "b64_json"
            | "file_data"
            | "file_url"
            | "file_uri"
            | "fileUri"
    )
}

/// Whether text under a media key is a medium: an address, a `data:` URL or base64.
pub(super) fn is_medium(text: &str) -> bool {
    let starts = |prefix| text.starts_with(prefix);
    if starts("https://") || starts("http://") || starts("gs://") {
        return text.len() <= LONGEST_ADDRESS;
    }
    if let Some(content) = text.strip_prefix("data:") {
        return content
            .split_once(',')
            .is_some_and(|(_, encoded)| is_base64(encoded));
    }
    text.len() > LEAST_BASE64 && is_base64(text)
}

fn is_base64(text: &str) -> bool {
    let is_digit = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n')
    };
    text.bytes().all(is_digit)
}

/// Adds a value of any shape to a [`PromptSize`]; says whether it was a number.
pub(super) struct Walk<'p> {
    size: &'p mut PromptSize,
    under_media_key: bool,
    /// A number that stands alone in the body is a setting, not a token.
    is_setting: bool,
}

impl<'p> Walk<'p> {
    /// The value of a top-level field.
    pub(super) fn field(size: &'p mut PromptSize) -> Self {
        Walk {
            size,
            under_media_key: false,
            is_setting: true,
        }
    }

    /// An element of an array.
    pub(super) fn element(size: &'p mut PromptSize) -> Self {
        Walk {
            size,
            under_media_key: false,
            is_setting: false,
        }
    }

    fn number(self) -> bool {
        if !self.is_setting {
            self.size.numbers = self.size.numbers.saturating_add(1);
        }
        true
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<bool, E> {
        Ok(self.number())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<bool, E> {
        Ok(self.number())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<bool, E> {
        Ok(self.number())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        if self.under_media_key && is_medium(text) {
            self.size.media = self.size.media.saturating_add(1);
        } else {
            self.size.add_text(text);
        }
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        loop {
            let element = Walk {
                size: &mut *self.size,
                under_media_key: self.under_media_key,
                is_setting: false,
            };
            if elements.next_element_seed(element)?.is_none() {
                return Ok(false);
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
        self.size.objects = self.size.objects.saturating_add(1);
        loop {
            let add_key = KeyAs(|key: &str| {
                self.size.add_text(key);
                is_media_key(key)
            });
            let Some(under_media_key) = entries.next_key_seed(add_key)? else {
                return Ok(false);
            };
            entries.next_value_seed(Walk {
                size: &mut *self.size,
                under_media_key,
                is_setting: false,
            })?;
        }
    }
}

/// Adds the `prompt` of a text completion; says how many prompts it is.
pub(super) struct Prompts<'p>(pub(super) &'p mut PromptSize);

impl<'de> DeserializeSeed<'de> for Prompts<'_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Prompts<'_> {
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
        self.0.add_text(text);
        Ok(1)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<u64, A::Error> {
        // Numbers are the tokens of one prompt; anything else is a prompt of its own.
        let mut prompts: u64 = 0;
        while let Some(is_token) = elements.next_element_seed(Walk::element(&mut *self.0))? {
            prompts = prompts.saturating_add(u64::from(!is_token));
        }
        Ok(prompts.max(1))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<u64, A::Error> {
        Walk::element(self.0).visit_map(entries).map(|_| 1)
    }
}
