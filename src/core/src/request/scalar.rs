//! A value that should be a flag, a count or a text, and may be anything.

use super::body::BodyError;
use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;

/// One JSON value, as far as a setting can be one.
#[derive(Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Count(u32),
    Text(Cow<'a, str>),
    /// An array, an object, or a number that is negative, broken or too large.
    Other,
}

impl<'a> Scalar<'a> {
    pub(super) fn flag(self, param: &'static str) -> Result<Option<bool>, BodyError> {
        match self {
            Scalar::Null => Ok(None),
            Scalar::Bool(flag) => Ok(Some(flag)),
            _ => Err(invalid(param, "must be true or false")),
        }
    }

    pub(super) fn count(self, param: &'static str) -> Result<Option<u64>, BodyError> {
        match self {
            Scalar::Null => Ok(None),
            Scalar::Count(count) => Ok(Some(u64::from(count))),
            _ => Err(invalid(
                param,
                "must be a whole number from 0 to 4294967295",
            )),
        }
    }

    pub(super) fn text(self, param: &'static str) -> Result<Option<Cow<'a, str>>, BodyError> {
        match self {
            Scalar::Null => Ok(None),
            Scalar::Text(text) => Ok(Some(text)),
            _ => Err(invalid(param, "must be a string")),
        }
    }
}

/// The whole number that a number with a fraction is, up to 4,294,967,295; `None` for any other.
pub(super) fn count_of(number: f64) -> Option<u64> {
    let is_count = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    is_count.then_some(number as u64)
}

pub(super) fn invalid(param: &'static str, problem: &str) -> BodyError {
    let message = format!("`{param}` {problem}");
    BodyError::Invalid { param, message }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(u32::try_from(number).map_or(Scalar::Other, Scalar::Count))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u32::try_from(number).map_or(Scalar::Other, Scalar::Count))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        let count = count_of(number).and_then(|count| u32::try_from(count).ok());
        Ok(count.map_or(Scalar::Other, Scalar::Count))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_what_they_are() {
        for (json, expected) in [
            ("null", Scalar::Null),
            ("true", Scalar::Bool(true)),
            ("0", Scalar::Count(0)),
            ("-0", Scalar::Count(0)),
            ("10.0", Scalar::Count(10)),
            ("1e1", Scalar::Count(10)),
            ("4294967295", Scalar::Count(u32::MAX)),
            ("4294967295.0", Scalar::Count(u32::MAX)),
            ("4294967296", Scalar::Other),
            ("18446744073709551616", Scalar::Other),
            ("1e300", Scalar::Other),
            ("-1", Scalar::Other),
            ("0.5", Scalar::Other),
            (r#""a""#, Scalar::Text("a".into())),
            (r#""\u0061""#, Scalar::Text("a".into())),
            ("[[1],{}]", Scalar::Other),
            (r#"{"a":[{}]}"#, Scalar::Other),
        ] {
            assert_eq!(
                serde_json::from_str::<Scalar<'_>>(json).unwrap(),
                expected,
                "{json}"
            );
        }
    }
}
