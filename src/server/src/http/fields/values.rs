//! What a field may be: each kind of value, and what is said of anything else.

use super::{Fields, Patch};
use crate::http::error::ApiError;
use paddock_core::money::Money;
use paddock_core::policy::FormatPaths;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire_format::WireFormat;
use serde::de::DeserializeOwned;
use serde_json::Value;

impl Fields {
    /// A text of 1 to 256 characters.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn text(&mut self, name: &str) -> Result<Patch<String>, ApiError> {
        self.take(name, "a text of 1 to 256 characters", fitting)
    }

    /// A URL of at most 2048 characters; whether it is one is for others to say.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn url(&mut self, name: &str) -> Result<Patch<String>, ApiError> {
        self.take(name, "a URL of at most 2048 characters", |value| {
            let text = value.as_str()?.trim();
            let fits = !text.is_empty() && text.chars().count() <= 2_048;
            (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
        })
    }

    /// A URL that must be there.
    ///
    /// # Errors
    /// Where it is not there, or something else.
    pub fn required_url(&mut self, name: &str) -> Result<String, ApiError> {
        let url = self.url(name)?.flatten();
        url.ok_or_else(|| ApiError::missing(name))
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// Where it is not there, or something else.
    pub fn required_text(&mut self, name: &str) -> Result<String, ApiError> {
        let written = self.written(name);
        let text = self.text(name)?.flatten();
        text.ok_or_else(|| ApiError::missing(&written))
    }

    /// True or false.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        Ok(self.take(name, "true or false", Value::as_bool)?.flatten())
    }

    /// A whole number in a range.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn whole(&mut self, name: &str, from: u64, to: u64) -> Result<Patch<u64>, ApiError> {
        self.take(
            name,
            &format!("a whole number from {from} to {to}"),
            |value| {
                let number = value.as_u64().or_else(|| {
                    let float = value
                        .as_f64()
                        .filter(|f| f.fract() == 0.0 && (0.0..1e15).contains(f));
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "whole"
                    )]
                    float.map(|float| float as u64)
                });
                number.filter(|number| (from..=to).contains(number))
            },
        )
    }

    /// A number from 0.001 to 1, in thousandths.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn fraction(&mut self, name: &str) -> Result<Patch<u64>, ApiError> {
        self.thousandths(name, 1)
    }

    /// A number from 0.001 to `max`, in thousandths.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn thousandths(&mut self, name: &str, max: u32) -> Result<Patch<u64>, ApiError> {
        self.take(name, &format!("a number from 0.001 to {max}"), |value| {
            let number = value.as_f64()?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "in range"
            )]
            (0.001..=f64::from(max))
                .contains(&number)
                .then(|| (number * 1_000.0).round() as u64)
        })
    }

    /// A moment in RFC 3339, of any offset.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn moment(&mut self, name: &str) -> Result<Patch<Timestamp>, ApiError> {
        self.take(
            name,
            "a moment in RFC 3339, as in 2026-03-15T12:00:00Z",
            |value| Timestamp::parse(value.as_str()?.trim()),
        )
    }

    /// An amount of dollars, not negative.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn dollars(&mut self, name: &str) -> Result<Patch<Money>, ApiError> {
        self.take(name, "a number of dollars from 0 to 1000000000", |value| {
            let amount = value
                .as_f64()
                .filter(|dollars| (0.0..=1e9).contains(dollars))?;
            Money::from_dollars(amount)
        })
    }

    /// An amount of a currency of up to a billion, negative or not, in billionths.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn amount(&mut self, name: &str) -> Result<Patch<i64>, ApiError> {
        let expected = "a number from -1000000000 to 1000000000";
        self.take(name, expected, |value| {
            let amount = value.as_f64().filter(|amount| amount.abs() <= 1e9)?;
            Money::from_dollars(amount).map(Money::nanos)
        })
    }

    /// A list of up to 1000 different texts of 1 to 256 characters.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn texts(&mut self, name: &str) -> Result<Patch<Vec<String>>, ApiError> {
        self.take(name, "a list of texts of 1 to 256 characters", |value| {
            let items = value.as_array().filter(|items| items.len() <= 1_000)?;
            let mut texts: Vec<String> = Vec::with_capacity(items.len());
            for item in items {
                let text = fitting(item)?;
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
            Some(texts)
        })
    }

    /// Labels: a list of texts, or a map of texts to texts.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn tags(&mut self, name: &str) -> Result<Patch<Value>, ApiError> {
        self.take(
            name,
            "a list of up to 64 texts, or a map of up to 64 texts, each of at most 256 characters",
            |value| {
                let is_short = |text: &str| text.chars().count() <= 256;
                let is_text = |value: &Value| value.as_str().is_some_and(is_short);
                let fits = match value {
                    Value::Array(items) => items.len() <= 64 && items.iter().all(is_text),
                    Value::Object(map) => {
                        map.len() <= 64
                            && map.keys().all(|name| is_short(name))
                            && map.values().all(is_text)
                    }
                    _ => false,
                };
                fits.then(|| value.clone())
            },
        )
    }

    /// One of a few words, which are an enum's names in JSON.
    ///
    /// # Errors
    /// Where it is something else; the words are named.
    pub fn word<T: DeserializeOwned>(
        &mut self,
        name: &str,
        words: &[&str],
    ) -> Result<Option<T>, ApiError> {
        let expected = format!("one of {}", words.join(", "));
        let word = self.take(name, &expected, |value| {
            value.as_str().filter(|word| words.contains(word))?;
            serde_json::from_value(value.clone()).ok()
        })?;
        Ok(word.flatten())
    }

    /// A list of words, which are an enum's names in JSON.
    ///
    /// # Errors
    /// Where it is something else; the words are named.
    pub fn words<T: DeserializeOwned>(
        &mut self,
        name: &str,
        words: &[&str],
    ) -> Result<Patch<Vec<T>>, ApiError> {
        let expected = format!("a list of {}", words.join(", "));
        self.take(name, &expected, |value| {
            value.as_array().filter(|list| !list.is_empty())?;
            serde_json::from_value(value.clone()).ok()
        })
    }

    /// Where a model's upstream serves each wire format.
    ///
    /// # Errors
    /// Where it is something else; what is wrong with a path is told.
    pub fn format_paths(&mut self, name: &str) -> Result<Patch<FormatPaths>, ApiError> {
        let formats = WireFormat::ALL.map(WireFormat::name).join(", ");
        let expected = format!("a map of wire formats ({formats}) to paths");
        let paths: Patch<FormatPaths> = self.take(name, &expected, |value| {
            value.as_object()?;
            serde_json::from_value(value.clone()).ok()
        })?;
        let problems = paths.iter().flatten().flat_map(FormatPaths::problems);
        match problems.reduce(|all, problem| all + "; " + &problem) {
            None => Ok(paths),
            Some(problems) => Err(ApiError::invalid(name, format!("'{name}': {problems}."))),
        }
    }

    /// A price in dollars per million tokens, as nano-dollars per million tokens.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn price(&mut self, name: &str) -> Result<Patch<u64>, ApiError> {
        self.take(
            name,
            "dollars per million tokens, from 0 to 1000000",
            |value| {
                let dollars = value
                    .as_f64()
                    .filter(|dollars| (0.0..=1e6).contains(dollars))?;
                u64::try_from(Money::from_dollars(dollars)?.nanos()).ok()
            },
        )
    }
}

/// A text of 1 to 256 characters without outer blanks and without control characters, which
/// PostgreSQL does not take all of.
fn fitting(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    let fits = !text.is_empty() && text.chars().count() <= 256;
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}
