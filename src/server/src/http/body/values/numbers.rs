//! Numbers: whole ones, shares, money and prices.

use super::value;
use paddock_core::money::Money;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Smallest amount of money above zero, in dollars: a billionth.
const MIN_DOLLARS: f64 = 1e-9;
/// Largest amount of money of a field, in dollars.
pub(super) const MAX_DOLLARS: f64 = 1e9;
/// Highest price of a field, in dollars per million tokens.
const MAX_PRICE: f64 = 1e6;

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

/// A whole number, as JSON writes it or as a float without a fraction.
pub(in crate::http::body) fn whole(value: &Value) -> Option<u64> {
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

pub(super) fn number_schema(min: f64, max: f64) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Number);
    number.minimum(Some(min)).maximum(Some(max))
}
