//! The kinds of value that fields have. Each type holds its own range: it reads a value, says what it
//! must be when it is not, and describes itself in the OpenAPI document.

use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::slug;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::time::Duration;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

/// Longest text of a field, in characters.
const MAX_TEXT: usize = 256;
/// Longest URL of a field, in characters.
const MAX_URL: usize = 2_048;
/// Most texts of one list.
const MAX_LIST: usize = 1_000;
/// Most tags of one thing.
const MAX_TAGS: usize = 64;
/// Smallest amount of money above zero, in dollars: a billionth.
const MIN_DOLLARS: f64 = 1e-9;
/// Largest amount of money of a field, in dollars.
const MAX_DOLLARS: f64 = 1e9;
/// Highest price of a field, in dollars per million tokens.
const MAX_PRICE: f64 = 1e6;

/// A kind of value: how it is read from JSON, or from the text of a query parameter, and what it must be.
macro_rules! value {
    ($name:ty, $expected:expr, $read:expr, $schema:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$name, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                let read: fn(&serde_json::Value) -> Option<$name> = $read;
                read(&value).ok_or_else(|| {
                    let found = serde::de::Unexpected::Other("this");
                    serde::de::Error::invalid_value(found, &$expected)
                })
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::RefOr::T($schema.into())
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use value;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

value!(
    Text,
    "a text of 1 to 256 characters",
    |value| trimmed(value, MAX_TEXT).map(Text),
    text_schema(MAX_TEXT).pattern(Some(PLAIN_PATTERN))
);

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

/// A whole number from `MIN` to `MAX`. `60.0` is one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Whole<const MIN: u64, const MAX: u64>(u64);

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = whole(&value).filter(|number| (MIN..=MAX).contains(number));
        number.map(Whole).ok_or_else(|| {
            let expected = format!("a whole number from {MIN} to {MAX}");
            D::Error::invalid_value(Unexpected::Other("this"), &expected.as_str())
        })
    }
}

impl<const MIN: u64, const MAX: u64> PartialSchema for Whole<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::Integer);
        let schema = schema.minimum(Some(MIN)).maximum(Some(MAX));
        RefOr::T(schema.into())
    }
}

impl<const MIN: u64, const MAX: u64> ToSchema for Whole<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("WholeNumberFrom{MIN}To{MAX}").into()
    }
}

impl<const MIN: u64, const MAX: u64> From<u64> for Whole<MIN, MAX> {
    /// A number that was stored.
    fn from(number: u64) -> Whole<MIN, MAX> {
        Whole(number)
    }
}

impl<const MIN: u64, const MAX: u64> From<Whole<MIN, MAX>> for u64 {
    fn from(number: Whole<MIN, MAX>) -> u64 {
        number.0
    }
}

/// A number of days from 1 to a hundred years.
pub type Days = Whole<1, 36_500>;

impl Days {
    /// As a time.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.saturating_mul(86_400))
    }
}

/// A number from 0.001 to `MAX`, kept in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thousandths<const MAX: u32>(u64);

impl<'de, const MAX: u32> Deserialize<'de> for Thousandths<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = value
            .as_f64()
            .filter(|number| (0.001..=f64::from(MAX)).contains(number));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in range"
        )]
        let thousandths = number.map(|number| Thousandths((number * 1_000.0).round() as u64));
        thousandths.ok_or_else(|| {
            let expected = format!("a number from 0.001 to {MAX}");
            D::Error::invalid_value(Unexpected::Other("this"), &expected.as_str())
        })
    }
}

impl<const MAX: u32> PartialSchema for Thousandths<MAX> {
    fn schema() -> RefOr<Schema> {
        RefOr::T(number_schema(0.001, f64::from(MAX)).into())
    }
}

impl<const MAX: u32> ToSchema for Thousandths<MAX> {
    fn name() -> Cow<'static, str> {
        format!("NumberUpTo{MAX}").into()
    }
}

impl<const MAX: u32> From<Thousandths<MAX>> for u64 {
    fn from(number: Thousandths<MAX>) -> u64 {
        number.0
    }
}

/// An amount of US dollars that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dollars(Money);

value!(
    Dollars,
    "a number of dollars from 0 to 1000000000",
    |value| {
        let dollars = value
            .as_f64()
            .filter(|dollars| (0.0..=MAX_DOLLARS).contains(dollars))?;
        Money::from_dollars(dollars).map(Dollars)
    },
    number_schema(0.0, MAX_DOLLARS)
);

impl Dollars {
    /// So many nano-dollars.
    pub fn from_nanos(nanos: u64) -> Dollars {
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        Dollars(Money::from_nanos(nanos))
    }

    /// Nano-dollars.
    pub fn nanos(self) -> u64 {
        self.0.nanos().unsigned_abs()
    }
}

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.to_dollars())
    }
}

impl From<Dollars> for Money {
    fn from(dollars: Dollars) -> Money {
        dollars.0
    }
}

/// An amount of US dollars above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositiveDollars(Money);

value!(
    PositiveDollars,
    "a number of dollars above 0, at most 1000000000",
    |value| {
        let dollars = value
            .as_f64()
            .filter(|dollars| (MIN_DOLLARS..=MAX_DOLLARS).contains(dollars))?;
        Money::from_dollars(dollars).map(PositiveDollars)
    },
    number_schema(MIN_DOLLARS, MAX_DOLLARS)
);

impl From<PositiveDollars> for Money {
    fn from(dollars: PositiveDollars) -> Money {
        dollars.0
    }
}

/// An amount of a currency, negative or not, kept in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(i64);

value!(
    Amount,
    "a number from -1000000000 to 1000000000",
    |value| {
        let amount = value
            .as_f64()
            .filter(|amount| amount.abs() <= MAX_DOLLARS)?;
        Money::from_dollars(amount).map(|amount| Amount(amount.nanos()))
    },
    number_schema(-MAX_DOLLARS, MAX_DOLLARS)
);

impl From<Amount> for i64 {
    fn from(amount: Amount) -> i64 {
        amount.0
    }
}

/// A price in US dollars per million tokens, kept in nano-dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenPrice(u64);

value!(
    TokenPrice,
    "dollars per million tokens, from 0 to 1000000",
    |value| {
        let dollars = value
            .as_f64()
            .filter(|dollars| (0.0..=MAX_PRICE).contains(dollars))?;
        u64::try_from(Money::from_dollars(dollars)?.nanos())
            .ok()
            .map(TokenPrice)
    },
    number_schema(0.0, MAX_PRICE)
);

impl From<u64> for TokenPrice {
    /// A price that was stored.
    fn from(nanos: u64) -> TokenPrice {
        TokenPrice(nanos)
    }
}

impl Serialize for TokenPrice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Dollars::from_nanos(self.0).serialize(serializer)
    }
}

impl From<TokenPrice> for u64 {
    fn from(price: TokenPrice) -> u64 {
        price.0
    }
}

/// A moment in RFC 3339, with any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(Timestamp);

value!(
    Moment,
    "a moment in RFC 3339, as in 2026-03-15T12:00:00Z",
    |value| Timestamp::parse(value.as_str()?.trim()).map(Moment),
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
);

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Timestamp {
        moment.0
    }
}

/// A list of at most 1000 texts. Repeated ones count once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// A whole number, as JSON writes it or as a float without a fraction.
pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let float = value.as_f64()?;
        let is_whole = float.fract() == 0.0 && (0.0..1e15).contains(&float);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole"
        )]
        is_whole.then_some(float as u64)
    })
}

pub(crate) fn text_schema(max: usize) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.min_length(Some(1)).max_length(Some(max))
}

fn number_schema(min: f64, max: f64) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Number);
    number.minimum(Some(min)).maximum(Some(max))
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
