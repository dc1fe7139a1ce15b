//! A JSON body as one typed struct.
//!
//! [`Body`] reads it in two steps. [`Canonical`] turns synonyms into the contract's names. Then serde
//! reads the struct. The types of its fields ([`values`]) hold their own ranges: the same type reads a
//! value, refuses one that is out of range with the field's name, and describes itself in the OpenAPI
//! document.

mod canonical;
mod patch;
mod raw;
mod refusal;
mod strict;
mod synonyms;
pub mod table;
pub mod values;
mod variant;

pub use canonical::Canonical;
pub use patch::Patch;
pub use raw::RawBody;
pub use refusal::refusal;
pub use synonyms::{canonical, synonyms};
pub(crate) use variant::{variant, variant_of};

use crate::config::RateBounds;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::convert::Infallible;
use std::marker::PhantomData;
use strict::Strict;

/// A JSON body that is not yet read. An empty one is an object without fields.
///
/// Handlers read it after they have checked what the caller may do: a caller who may not is told so at
/// once, whatever was sent.
#[derive(Debug)]
pub struct Body<T> {
    raw: RawBody,
    rates: RateBounds,
    read_as: PhantomData<fn() -> T>,
}

impl<T> FromRequest<SharedApp> for Body<T> {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &SharedApp) -> Result<Body<T>, Infallible> {
        Ok(Body {
            raw: RawBody::of(request),
            rates: app.config.rates,
            read_as: PhantomData,
        })
    }
}

impl<T: DeserializeOwned> Body<T> {
    /// What it says.
    ///
    /// # Errors
    /// What [`RawBody::read`] and [`read`] answer.
    pub async fn read(self) -> Result<T, ApiError> {
        read_with_rates(&self.raw.read().await?, &self.rates)
    }
}

/// Reads a body that sets no rate.
///
/// # Errors
/// 400 if it is not a JSON object, if two synonyms contradict each other, or naming the first field
/// that is unknown, missing or not what it must be.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    typed(Canonical::parse(body)?)
}

/// Reads a body that may set the rates that the operator allows.
fn read_with_rates<T: DeserializeOwned>(body: &[u8], rates: &RateBounds) -> Result<T, ApiError> {
    let sent = Canonical::parse(body)?;
    check_rates(&sent, rates)?;
    typed(sent)
}

fn typed<T: DeserializeOwned>(mut sent: Canonical<Value>) -> Result<T, ApiError> {
    let fields = std::mem::take(&mut sent.fields).into_iter().collect();
    serde_path_to_error::deserialize(Strict(Value::Object(fields)))
        .map_err(|error| refusal(&error, "The body of your request", &sent))
}

/// Checks the rates in a body. Their types cannot: the ranges are in the configuration.
fn check_rates(sent: &Canonical<Value>, rates: &RateBounds) -> Result<(), ApiError> {
    let set = sent.fields.iter().filter(|(_, rate)| !rate.is_null());
    for (name, rate) in set {
        let Some((min, max)) = rates.of(name) else {
            continue;
        };
        if !values::whole(rate).is_some_and(|rate| (min..=max).contains(&rate)) {
            let field = sent.written(name);
            let message = format!("'{field}' must be a whole number from {min} to {max}.");
            return Err(ApiError::invalid(field, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::values::{Text, Whole};
    use super::*;
    use serde::Deserialize;

    #[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Example {
        rate_limit_per_minute: Option<Option<Whole<1, 100>>>,
        tokens_per_minute: Option<Option<Whole<1, 100>>>,
        rules: Vec<Rule>,
        colour: Option<Colour>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Blue,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        #[expect(dead_code, reason = "only read")]
        name: Text,
    }

    const RATES: RateBounds = RateBounds {
        requests: (1, 90),
        tokens: (1, 95),
    };

    fn problem(body: &str) -> String {
        format!(
            "{:?}",
            read_with_rates::<Example>(body.as_bytes(), &RATES).unwrap_err()
        )
    }

    #[test]
    fn synonyms_are_read_once_and_must_agree() {
        let body = br#"{"rate_limits":{"rpm":60,"tpm":5.0},"rpm":60}"#;
        let example: Example = read(body).unwrap();
        assert_eq!(
            example.rate_limit_per_minute.value().map(u64::from),
            Some(60)
        );
        assert_eq!(example.tokens_per_minute.value().map(u64::from), Some(5));
        assert!(problem(r#"{"rpm":60,"rate_limit_rpm":61}"#).contains("mean the same and differ"));
        assert!(read::<Example>(b" ").unwrap().rules.is_empty());
    }

    #[test]
    fn a_refusal_names_the_field_as_the_caller_wrote_it() {
        for (body, expected) in [
            ("[1]", "must be a JSON object"),
            ("{", "not valid JSON"),
            (
                r#"{"rpm":"60"}"#,
                "'rpm' must be a whole number from 1 to 90.",
            ),
            (
                r#"{"rate_limits":{"rpm":91}}"#,
                "'rate_limits.rpm' must be a whole number from 1 to 90.",
            ),
            (
                r#"{"rate_limits":{"tpm":96}}"#,
                "'rate_limits.tpm' must be a whole number from 1 to 95.",
            ),
            (r#"{"color":1}"#, "Unknown parameter: 'color'."),
            (r#"{"rules":[["a"]]}"#, "'rules[0]' must be an object."),
            (r#"{"colour":1}"#, "'colour' must be one of 'red', 'blue'."),
            (
                r#"{"colour":{"red":null}}"#,
                "'colour' must be one of 'red', 'blue'.",
            ),
            (
                r#"{"rules":[{"name":""}]}"#,
                "'rules[0].name' must be a text of 1 to 256 characters.",
            ),
            (
                r#"{"rules":[{}]}"#,
                "Missing required parameter: 'rules[0].name'.",
            ),
            (
                r#"{"rules":[{"name":"a","x":1}]}"#,
                "Unknown parameter: 'rules[0].x'.",
            ),
            (r#"{"rules":1}"#, "'rules' must be a sequence."),
        ] {
            let found = problem(body);
            assert!(found.contains(expected), "{expected} in {found}");
        }
    }
}
