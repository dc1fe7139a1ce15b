//! What a query string or a form says.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use url::form_urlencoded;

/// Names and values, in their order.
#[derive(Clone, Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads what a browser encoded.
    pub fn read(encoded: &[u8]) -> Params {
        let pairs = form_urlencoded::parse(encoded);
        Params(
            pairs
                .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
                .collect(),
        )
    }

    /// A value; empty if it is not there.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// A value that is there and not empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    /// All values of that name that are not empty.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let own = self.0.iter().filter(|(known, _)| known == name);
        own.map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// The query string of a path of the API, of the values of these names that are given.
    pub fn query(&self, names: &[&str]) -> Query {
        let mut query = Query::default();
        for name in names {
            if let Some(value) = self.given(name) {
                query = query.with(name, value);
            }
        }
        query
    }
}

/// How a field of a form is written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// Texts between commas.
    List,
    /// Words between commas, or names with values, as in `team: web`.
    Tags,
    /// Names with numbers, between commas, as in `hourly: 2.5`.
    Numbers,
}

impl Kind {
    /// A value that was filled in. What is empty is `null`; what is no number is left to the API to refuse.
    pub fn json(self, filled_in: &str) -> Value {
        if filled_in.is_empty() {
            return Value::Null;
        }
        match self {
            Kind::Text => json!(filled_in),
            Kind::Number => number(filled_in),
            Kind::List => {
                let parts = filled_in.split(',').map(str::trim);
                json!(parts.filter(|part| !part.is_empty()).collect::<Vec<&str>>())
            }
            Kind::Tags => {
                let parts = filled_in.split(',').map(str::trim);
                let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
                let pairs = parts.iter().map(|part| part.split_once(':'));
                let pairs: Option<Map<String, Value>> = pairs
                    .map(|pair| {
                        pair.map(|(name, value)| (name.trim().to_owned(), json!(value.trim())))
                    })
                    .collect();
                pairs.map_or_else(|| json!(parts), Value::Object)
            }
            Kind::Numbers => {
                let parts = filled_in.split(',').map(str::trim);
                let parts = parts.filter(|part| !part.is_empty());
                let pairs: Option<Map<String, Value>> = parts
                    .map(|part| {
                        let (name, value) = part.split_once(':')?;
                        Some((name.trim().to_owned(), number(value.trim())))
                    })
                    .collect();
                pairs.map_or_else(|| json!(filled_in), Value::Object)
            }
        }
    }

    /// A value of the API, as it is filled in.
    pub fn shown(self, value: &Value) -> String {
        match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                parts.join(", ")
            }
            Value::Number(number) => {
                let whole = number
                    .as_f64()
                    .filter(|number| number.fract() == 0.0 && number.abs() < 1e15);
                whole.map_or_else(|| number.to_string(), |whole| format!("{whole:.0}"))
            }
            Value::Object(pairs) => {
                let pairs = pairs
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", self.shown(value)));
                pairs.collect::<Vec<String>>().join(", ")
            }
            other => other.to_string(),
        }
    }
}

/// A number as it was filled in, or else the text.
fn number(filled_in: &str) -> Value {
    let whole = filled_in.parse::<u64>().map(|number| json!(number));
    let number = whole.or_else(|_| filled_in.parse::<f64>().map(|number| json!(number)));
    number.unwrap_or_else(|_| json!(filled_in))
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params, Infallible> {
        Ok(Params::read(
            parts.uri.query().unwrap_or_default().as_bytes(),
        ))
    }
}

/// A query string that is being made.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// With one more value, if it is given.
    pub fn with_given(self, params: &Params, name: &str) -> Query {
        match params.given(name) {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With one more value, in place of one of the same name.
    pub fn with(mut self, name: &str, value: &str) -> Query {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path with it.
    pub fn on(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let start = path.len().saturating_add(1);
        let mut text = form_urlencoded::Serializer::for_suffix(format!("{path}?"), start);
        for (name, value) in &self.0 {
            text.append_pair(name, value);
        }
        text.finish()
    }
}

/// What stays as it is in a part of a path.
const PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The same where slashes separate parts: names of models have them.
const PARTS: &AsciiSet = &PART.remove(b'/').remove(b':');

/// A name as a part of a path.
pub fn part(name: &str) -> String {
    utf8_percent_encode(name, PART).to_string()
}

/// A name that may be several parts of a path.
pub fn parts(name: &str) -> String {
    utf8_percent_encode(name, PARTS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_as_it_is_read() {
        let params = Params::read(b"q=a%26b&x=&y=+1+&q=2");
        assert_eq!((params.get("q"), params.get("y")), ("a&b", "1"));
        assert_eq!(params.all("q"), ["a&b", "2"]);
        assert_eq!(params.given("x"), None);
        let query = params.query(&["q", "x", "y"]).with("q", "ä/?");
        assert_eq!(query.on("/v1/x"), "/v1/x?y=1&q=%C3%A4%2F%3F");
        assert_eq!(Query::default().on("/v1/x"), "/v1/x");
        for tags in [json!({ "team": "web" }), json!(["prod", "eu"])] {
            assert_eq!(Kind::Tags.json(&Kind::Tags.shown(&tags)), tags);
        }
        let quotas = json!({ "hourly": 2.5, "total": 500 });
        assert_eq!(Kind::Numbers.shown(&quotas), "hourly: 2.5, total: 500");
        assert_eq!(Kind::Numbers.json("hourly: 2.5, total:500,"), quotas);
        assert_eq!(Kind::Numbers.json("hourly 2"), json!("hourly 2"));
        assert_eq!(Kind::Number.json("2.5"), json!(2.5));
        assert_eq!(Kind::Number.json("many"), json!("many"));
        assert_eq!(Kind::List.json(" a, b,"), json!(["a", "b"]));
        assert_eq!(part("a/b c\"<"), "a%2Fb%20c%22%3C");
        assert_eq!(parts("org/model:1"), "org/model:1");
    }
}
