//! The walk through all of a body that is not a field of its own: it measures what a model reads, and
//! finds whatever costs money, wherever it stands.

use super::found::Found;
use super::key::KeyAs;
use super::media::MediaKind;
use super::place::{Kind, Place, Seen};
use super::references::google_file;
use super::scalar::count_of;
use super::tool::kind_of_tool;
use super::word::{Hint, Stored, Word};
use crate::usage::Tool;
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;

/// Walks through one value.
pub(super) struct Walk<'f, 'a> {
    pub(super) found: &'f mut Found<'a>,
    pub(super) place: Place,
    /// What the key says under which it stands.
    pub(super) word: Word,
    /// A number that stands alone in the body is a setting, not a token.
    is_setting: bool,
}

impl<'f, 'a> Walk<'f, 'a> {
    /// The value of a field of the body.
    pub(super) fn field(found: &'f mut Found<'a>, place: Place, word: Word) -> Self {
        Walk {
            found,
            place,
            word,
            is_setting: true,
        }
    }

    /// The value of a member of any other object, or an element of an array.
    pub(super) fn member(found: &'f mut Found<'a>, place: Place, word: Word) -> Self {
        Walk {
            found,
            place,
            word,
            is_setting: false,
        }
    }

    fn number<E>(self, count: Option<u64>) -> Result<Seen, E> {
        if !self.is_setting {
            self.found.size.numbers = self.found.size.numbers.saturating_add(1);
        }
        Ok(Seen::Number(count))
    }

    /// A text, and the same as long as the body lives, if it has no escapes.
    fn text<E: Error>(self, text: &str, lasting: Option<&'a str>) -> Result<Seen, E> {
        let Walk { found, place, .. } = self;
        let own = || lasting.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed);
        match self.word {
            Word::Media(hint) => {
                found.medium(text, hint);
                return Ok(Seen::Nothing);
            }
            Word::FileUri => {
                let name = match (google_file(text), lasting.and_then(google_file)) {
                    (_, Some(name)) => Some(Cow::Borrowed(name)),
                    (Some(name), None) => Some(Cow::Owned(name.to_owned())),
                    (None, None) => is_name_of_file(text).then(own),
                };
                match name {
                    Some(name) => found.refer(Stored::File, name)?,
                    None => found.link(MediaKind::Document, 1),
                }
                return Ok(Seen::Nothing);
            }
            _ => found.size.add_text(text),
        }
        match self.word {
            Word::Type => return Ok(Seen::Kind(type_of(found, place, text))),
            Word::MediaType => return Ok(Seen::Kind(Kind::Media(MediaKind::of_mime(text)))),
            Word::Id => found.id = Some(own()),
            // Whether a file is read, the object around it tells.
            Word::Stored(Stored::File) if place == Place::Content => found.id = Some(own()),
            Word::Stored(stored) => found.refer(stored, own())?,
            Word::Modalities => {
                found.audio_output |= text.eq_ignore_ascii_case("audio");
                found.image_output |= text.eq_ignore_ascii_case("image");
            }
            Word::Route => found.routes |= text == "fallback",
            Word::Speed => found.fallback_speed = Some(own()),
            _ => {}
        }
        Ok(Seen::Nothing)
    }

    fn data<A: MapAccess<'a>>(self, mut entries: A) -> Result<Seen, A::Error> {
        let found = self.found;
        loop {
            let add_key = KeyAs(|key: &str| found.size.add_text(key));
            if entries.next_key_seed(add_key)?.is_none() {
                return Ok(Seen::Nothing);
            }
            found.member()?;
            entries.next_value_seed(Walk::member(found, Place::Data, Word::Other))?;
        }
    }

    fn content<A: MapAccess<'a>>(self, mut entries: A) -> Result<Seen, A::Error> {
        let Walk {
            found, word: above, ..
        } = self;
        let before = found.pending();
        let (mut kind, mut told_kind) = (Kind::Unknown, None);
        let (mut id, mut file, mut has_more) = (None, None, false);
        loop {
            let add_key = KeyAs(|key: &str| {
                found.size.add_text(key);
                Word::of(key)
            });
            let Some(word) = entries.next_key_seed(add_key)? else {
                break;
            };
            found.member()?;
            let (place, word) = match (word, above) {
                (Word::Data | Word::Input | Word::Parameters, _) => (Place::Data, Word::Other),
                (Word::Tools, _) => (Place::Tool, Word::Tools),
                (Word::Media(Hint::Any), Word::Media(_)) => (Place::Content, above),
                (Word::Id, Word::Stored(stored)) => (Place::Content, Word::Stored(stored)),
                (Word::Id, Word::Prompt) => (Place::Content, Word::Stored(Stored::Prompt)),
                (
                    Word::Type
                    | Word::Id
                    | Word::MediaType
                    | Word::Media(_)
                    | Word::FileUri
                    | Word::Stored(_),
                    _,
                ) => (Place::Content, word),
                _ => (Place::Content, Word::Other),
            };
            let seen = entries.next_value_seed(Walk::member(found, place, word))?;
            match (word, seen) {
                (Word::Type, Seen::Kind(told)) => kind = told,
                (Word::MediaType, Seen::Kind(Kind::Media(told))) => told_kind = Some(told),
                _ => {}
            }
            match word {
                Word::Id => id = found.id.take(),
                Word::Stored(Stored::File) => file = found.id.take(),
                _ => {}
            }
            has_more |= !matches!(word, Word::Id | Word::Type);
        }
        if let Some(file) = file
            && kind != Kind::Output
        {
            found.refer(Stored::File, file)?;
        }
        match (id, above) {
            (Some(_), Word::Media(Hint::Audio)) => found.link(MediaKind::Audio, 1),
            // What has an id alone stands for what is stored under it.
            (Some(id), _) if kind == Kind::Item || !has_more => found.refer(Stored::Item, id)?,
            _ => {}
        }
        let hint = match above {
            Word::Media(hint) => MediaKind::of_hint(hint),
            _ => None,
        };
        if found.pending() != before {
            match (told_kind, kind, hint) {
                (Some(kind), ..) | (None, Kind::Media(kind), _) | (None, _, Some(kind)) => {
                    found.settle(before, kind);
                }
                (None, Kind::Text, None) => found.settle_as_text(before),
                _ => {}
            }
        }
        Ok(Seen::Nothing)
    }
}

fn type_of(found: &mut Found<'_>, place: Place, name: &str) -> Kind {
    match place {
        Place::Content => {
            found.compacts |= name == "compaction_trigger";
            Kind::of_part(name)
        }
        Place::Tool => Kind::Tool(kind_of_tool(name)),
        Place::Setting(_) => {
            // Anthropic's `compact_20260112`, OpenAI's `compaction`: each is a run of the model.
            found.compacts |= name.starts_with("compact");
            // The environment of OpenAI's `shell`, if it is the provider's: a container.
            if matches!(name, "container_auto" | "container_reference") {
                found.add_tool(Tool::CodeInterpreter, None);
            }
            Kind::Unknown
        }
        Place::Data => Kind::Unknown,
    }
}

impl<'a> DeserializeSeed<'a> for Walk<'_, 'a> {
    type Value = Seen;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Seen, D::Error> {
        self.found.value();
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Seen, E> {
        Ok(Seen::Nothing)
    }

    fn visit_bool<E: Error>(self, is_on: bool) -> Result<Seen, E> {
        if is_on && self.word == Word::EnableSearch {
            self.found.add_tool(Tool::WebSearch, None);
        }
        Ok(Seen::Nothing)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Seen, E> {
        self.number(Some(number))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Seen, E> {
        self.number(None)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Seen, E> {
        self.number(count_of(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Seen, E> {
        self.text(text, Some(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Seen, E> {
        self.text(text, None)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<Seen, A::Error> {
        let Walk {
            found, place, word, ..
        } = self;
        while elements
            .next_element_seed(Walk::member(found, place, word))?
            .is_some()
        {}
        Ok(Seen::Nothing)
    }

    fn visit_map<A: MapAccess<'a>>(self, entries: A) -> Result<Seen, A::Error> {
        self.found.size.objects = self.found.size.objects.saturating_add(1);
        match self.place {
            Place::Data => self.data(entries),
            Place::Content => self.content(entries),
            Place::Setting(_) | Place::Tool => self.settings(entries),
        }
    }
}

/// A file of Google's by its name, or one in its object store.
fn is_name_of_file(text: &str) -> bool {
    text.starts_with("files/") || text.starts_with("gs://")
}
