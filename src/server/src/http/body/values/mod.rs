//! The kinds of value that fields have. Each type holds its own range: it reads a value, says what it
//! must be when it is not, and describes itself in the OpenAPI document.

mod budgets;
mod numbers;
mod texts;

pub use budgets::{Quotas, TimeZone};
pub(super) use numbers::whole;
pub use numbers::{Amount, Days, Dollars, PositiveDollars, Thousandths, TokenPrice, Whole};
pub use texts::{Name, Tags, Text, Texts, UrlText, Words};
pub(crate) use texts::{PLAIN_PATTERN, text_schema, trimmed};

use paddock_core::timestamp::Timestamp;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

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
