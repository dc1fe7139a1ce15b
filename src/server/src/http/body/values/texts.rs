//! Texts, and lists of them.

use super::value;
use paddock_ledger::model::slug;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};

/// Longest text of a field, in characters.
const MAX_TEXT: usize = 256;
/// Longest URL of a field, in characters.
const MAX_URL: usize = 2_048;
/// Most texts of one list.
const MAX_LIST: usize = 1_000;
/// Most tags of one thing.
const MAX_TAGS: usize = 64;

/// What JSON Schema says of a text with something in it: see [`is_plain`].
pub(crate) const PLAIN_PATTERN: &str = concat!(
    r"^[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*",
    r"[^\s\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]",
    r"[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$",
);
/// The same of one that may be empty.
const PLAIN_OR_EMPTY_PATTERN: &str =
    r"^[^\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$";

/// A text of 1 to 256 characters, without blanks around it, control characters and marks of direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text(String);

value!(
    Text,
    "a text of 1 to 256 characters",
    |value| trimmed(value, MAX_TEXT).map(Text),
    text_schema(MAX_TEXT).pattern(Some(PLAIN_PATTERN))
);

impl From<String> for Text {
    /// A text that was stored.
    fn from(text: String) -> Text {
        Text(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The name of a namespace or an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

value!(
    Name,
    "1 to 128 letters, digits, '-', '_' or '.', beginning with a letter or digit",
    |value| {
        let name = trimmed(value, MAX_TEXT)?;
        slug::is_name(&name).then_some(Name(name))
    },
    text_schema(slug::MAX_NAME).pattern(Some("^[A-Za-z0-9][A-Za-z0-9._-]*$"))
);

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

/// A URL of at most 2048 characters. Whether it is one that may be used is checked elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlText(String);

value!(
    UrlText,
    "a URL of at most 2048 characters",
    |value| trimmed(value, MAX_URL).map(UrlText),
    text_schema(MAX_URL).format(Some(SchemaFormat::Custom("uri".to_owned())))
);

impl AsRef<str> for UrlText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<UrlText> for String {
    fn from(url: UrlText) -> String {
        url.0
    }
}

/// A list of at most 1000 texts. Repeated ones count once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Texts(Vec<String>);

value!(
    Texts,
    "a list of texts of 1 to 256 characters",
    |value| {
        let items = value.as_array().filter(|items| items.len() <= MAX_LIST)?;
        let mut texts: Vec<String> = Vec::with_capacity(items.len());
        for item in items {
            let text = trimmed(item, MAX_TEXT)?;
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        Some(Texts(texts))
    },
    ArrayBuilder::new()
        .items(Text::schema())
        .max_items(Some(MAX_LIST))
);

impl From<Vec<String>> for Texts {
    fn from(texts: Vec<String>) -> Texts {
        Texts(texts)
    }
}

impl From<Texts> for Vec<String> {
    fn from(texts: Texts) -> Vec<String> {
        texts.0
    }
}

/// Labels: a list of texts, or a map of texts to texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Tags(Value);

value!(
    Tags,
    "a list of up to 64 texts, or a map of up to 64 texts, each of at most 256 characters",
    |value| {
        let is_short = |text: &str| text.chars().count() <= MAX_TEXT && text.chars().all(is_plain);
        let is_text = |value: &Value| value.as_str().is_some_and(is_short);
        let fits = match value {
            Value::Array(items) => items.len() <= MAX_TAGS && items.iter().all(is_text),
            Value::Object(map) => {
                map.len() <= MAX_TAGS
                    && map.keys().all(|name| is_short(name))
                    && map.values().all(is_text)
            }
            _ => false,
        };
        fits.then(|| Tags(value.clone()))
    },
    tags_schema()
);

impl From<Tags> for Value {
    fn from(tags: Tags) -> Value {
        tags.0
    }
}

impl From<Value> for Tags {
    /// Tags that were stored.
    fn from(value: Value) -> Tags {
        Tags(value)
    }
}

/// A list of different words of an enum, at least one.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
#[schema(min_items = 1)]
pub struct Words<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Vec::<T>::deserialize(deserializer)?;
        if words.is_empty() {
            let unexpected = Unexpected::Other("an empty list");
            return Err(D::Error::invalid_value(
                unexpected,
                &"a list of at least one",
            ));
        }
        Ok(Words(words))
    }
}

impl<T> From<Words<T>> for Vec<T> {
    fn from(words: Words<T>) -> Vec<T> {
        words.0
    }
}

/// Whether a character may be in a text: no control character, which PostgreSQL does not take all of, and
/// none that reverses what a person reads (Unicode's Bidi_Control,
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>).
fn is_plain(character: char) -> bool {
    let is_mark = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    !character.is_control() && !is_mark
}

/// A text without the blanks around it, of 1 to `max` characters, all of them plain.
pub(crate) fn trimmed(value: &Value, max: usize) -> Option<String> {
    let text = value.as_str()?.trim();
    let fits = !text.is_empty() && text.chars().count() <= max;
    (fits && text.chars().all(is_plain)).then(|| text.to_owned())
}

pub(crate) fn text_schema(max: usize) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.min_length(Some(1)).max_length(Some(max))
}

fn tags_schema() -> OneOfBuilder {
    let text = || {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.max_length(Some(MAX_TEXT))
            .pattern(Some(PLAIN_OR_EMPTY_PATTERN))
    };
    let list = ArrayBuilder::new()
        .items(text())
        .max_items(Some(MAX_TAGS))
        .description(Some("Plain labels."));
    let map = ObjectBuilder::new()
        .property_names(Some(text()))
        .additional_properties(Some(text()))
        .max_properties(Some(MAX_TAGS))
        .description(Some("Labels with values: reports call them `name:value`."));
    OneOfBuilder::new()
        .item(list)
        .item(map)
        .description(Some("Labels: a list, or names with values."))
        .examples([json!(["production"]), json!({ "team": "search" })])
}
