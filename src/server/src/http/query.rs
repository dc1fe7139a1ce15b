//! A query string as one typed struct.
//!
//! [`Query`] reads it as [`Body`](super::body::Body) reads a body: synonyms become the contract's names,
//! then serde reads the struct. Each field is an `Option`: an empty parameter counts as absent.

use super::body::{Canonical, refusal};
use super::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::value::{Error, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use url::form_urlencoded;

/// A query string, read.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, ApiError> {
        read(parts.uri.query().unwrap_or_default()).map(Query)
    }
}

/// Reads a query string.
///
/// # Errors
/// 400 if a value has control characters, if two synonyms contradict each other, or naming the first
/// parameter that is unknown or not what it must be.
fn read<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let mut sent = Canonical::default();
    for (written, value) in form_urlencoded::parse(query.as_bytes()) {
        check(&written, &value)?;
        sent.put(written.into_owned(), Parameter(value.into_owned()))?;
    }
    let parameters = MapDeserializer::new(std::mem::take(&mut sent.fields).into_iter());
    serde_path_to_error::deserialize(parameters)
        .map_err(|error| refusal(&error, "The query of your request", &sent))
}

/// Refuses control characters: nothing has them in its name, and PostgreSQL does not take them.
fn check(name: &str, value: &str) -> Result<(), ApiError> {
    if value.chars().any(char::is_control) {
        let message = format!("'{name}' has control characters.");
        return Err(ApiError::invalid(name, message));
    }
    Ok(())
}

/// The text of one parameter.
#[derive(Debug, PartialEq)]
struct Parameter(String);

impl IntoDeserializer<'_> for Parameter {
    type Deserializer = Parameter;

    fn into_deserializer(self) -> Parameter {
        self
    }
}

impl<'de> Deserializer<'de> for Parameter {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.is_empty() {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.as_str() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            other => {
                let found = Unexpected::Str(other);
                Err(serde::de::Error::invalid_value(found, &"true or false"))
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.0.into_deserializer())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::page::PageSize;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        namespace: Option<String>,
        limit: Option<PageSize>,
        order: Option<Order>,
        with_cost: Option<bool>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Order {
        Asc,
        Desc,
    }

    #[test]
    fn a_query_is_read_by_canonical_names_and_empty_is_absent() {
        let query = "team=a%2Fb&project=a/b&limit=7&order=desc&with_cost=false";
        let example: Example = read(query).unwrap();
        assert_eq!(example.namespace.as_deref(), Some("a/b"));
        assert_eq!(example.limit.map(PageSize::rows), Some(7));
        assert_eq!(example.order, Some(Order::Desc));
        assert_eq!(example.with_cost, Some(false));
        let example: Example = read("order=&limit=&with_cost=").unwrap();
        let absent = (example.order, example.limit, example.with_cost);
        assert_eq!(absent, (None, None, None));
    }

    #[test]
    fn a_refusal_names_the_parameter_as_the_caller_wrote_it() {
        for (query, expected) in [
            (
                "team=a&namespace=b",
                "'team' and 'namespace' mean the same and differ: send one of them.",
            ),
            (
                "limit=1&limit=2",
                "'limit' is there twice and differs: send one of them.",
            ),
            ("team=%00", "'team' has control characters."),
            ("colour=red", "Unknown parameter: 'colour'."),
            ("colour=", "Unknown parameter: 'colour'."),
            ("limit=0", "'limit' must be a whole number from 1 to 1000."),
            (
                "limit=1001",
                "'limit' must be a whole number from 1 to 1000.",
            ),
            ("limit=-1", "'limit' must be a whole number from 1 to 1000."),
            (
                "limit=ten",
                "'limit' must be a whole number from 1 to 1000.",
            ),
            ("order=up", "'order' must be 'asc' or 'desc'."),
            ("with_cost=1", "'with_cost' must be true or false."),
        ] {
            let found = format!("{:?}", read::<Example>(query).unwrap_err());
            assert!(found.contains(expected), "{expected} in {found}");
        }
    }
}
