//! Every text of a body that a model may read, its escapes decoded.

use super::form;
use super::media::{is_media_key, is_medium};
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;

/// The texts of a prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts<'a> {
    /// What is said: messages, instructions, parts, tool results, in their order. Two of them may
    /// be one text to the model, so what is looked for may begin in one and end in the next.
    pub running: Vec<Cow<'a, str>>,
    /// All else: keys, names, descriptions, whatever a tool's schema holds.
    pub others: Vec<Cow<'a, str>>,
}

/// The texts of a body that has been read. Images, sounds and documents are none.
pub fn texts(body: &[u8]) -> Texts<'_> {
    let mut texts = Texts::default();
    if form::is_form(body) {
        // It has been read before as well.
        for part in form::parts(body).unwrap_or_default() {
            if !part.is_file && !is_setting(part.name) {
                let value = String::from_utf8_lossy(part.value);
                match is_running(part.name) {
                    true => texts.running.push(value),
                    false => texts.others.push(value),
                }
            }
        }
        return texts;
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    // It has been read before, by the same parser: it is JSON.
    let _ = Value::top(&mut texts).deserialize(&mut json);
    texts
}

/// Settings whose values no model reads.
fn is_setting(key: &str) -> bool {
    matches!(key, "model" | "user" | "service_tier")
}

/// Keys of what is said, in any dialect.
fn is_running(key: &str) -> bool {
    matches!(
        key,
        "text"
            | "content"
            | "input"
            | "prompt"
            | "instructions"
            | "system"
            | "output"
            | "arguments"
            | "suffix"
            | "refusal"
            | "thinking"
    )
}

/// A value of any shape, and where it stands.
struct Value<'t, 'a> {
    texts: &'t mut Texts<'a>,
    is_top: bool,
    is_setting: bool,
    is_running: bool,
    is_media: bool,
}

impl<'t, 'a> Value<'t, 'a> {
    fn top(texts: &'t mut Texts<'a>) -> Self {
        Value {
            texts,
            is_top: true,
            is_setting: false,
            is_running: false,
            is_media: false,
        }
    }

    fn text(self, text: Cow<'a, str>) {
        if self.is_setting || (self.is_media && is_medium(&text)) {
            return;
        }
        match self.is_running {
            true => self.texts.running.push(text),
            false => self.texts.others.push(text),
        }
    }
}

impl<'a> DeserializeSeed<'a> for Value<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Value<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<(), E> {
        self.text(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.text(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        loop {
            let element = Value {
                texts: &mut *self.texts,
                is_top: false,
                ..self
            };
            if elements.next_element_seed(element)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'a>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<Cow<'a, str>>()? {
            let value = Value {
                texts: &mut *self.texts,
                is_top: false,
                is_setting: self.is_top && is_setting(&key),
                is_running: is_running(&key),
                is_media: is_media_key(&key),
            };
            entries.next_value_seed(value)?;
            self.texts.others.push(key);
        }
        Ok(())
    }
}
