//! Query strings, with the contract's synonyms.

use super::body::{canonical, must_be};
use super::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::value::Error;
use serde::de::{DeserializeOwned, IntoDeserializer};
use std::collections::BTreeMap;
use url::form_urlencoded;

/// Most rows of one page of a list.
const MAX_PAGE: u64 = 1_000;
/// Rows of a page that asks for no number.
const DEFAULT_PAGE: u64 = 100;

/// The parameters of a query under their canonical names.
#[derive(Debug)]
pub struct Parameters(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Parameters, ApiError> {
        Parameters::read(parts.uri.query().unwrap_or_default())
    }
}

impl Parameters {
    /// Reads a query.
    fn read(query: &str) -> Result<Parameters, ApiError> {
        let mut parameters = BTreeMap::new();
        for (written, value) in form_urlencoded::parse(query.as_bytes()) {
            // Nothing has them in its name, and PostgreSQL does not take them.
            if value.chars().any(char::is_control) {
                let message = format!("'{written}' has control characters.");
                return Err(ApiError::invalid(&written, message));
            }
            let name = canonical(&written).to_owned();
            let value = value.into_owned();
            let other = parameters.insert(name, value.clone());
            if other.is_some_and(|other| other != value) {
                let message = format!("'{written}' is there twice and differs: send one of them.");
                return Err(ApiError::invalid(&written, message));
            }
        }
        Ok(Parameters(parameters))
    }

    /// Whether a parameter was sent.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes one parameter; an empty one counts as absent.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// Takes one of the words of an enum.
    ///
    /// # Errors
    /// 400 with the words, if it is none of them.
    pub fn take_word<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(word) = self.take(name) else {
            return Ok(None);
        };
        let read: Result<T, Error> = T::deserialize(word.into_deserializer());
        read.map(Some).map_err(|error| {
            let problem = must_be(&error.to_string());
            ApiError::invalid(name, format!("'{name}' {problem}."))
        })
    }

    /// Takes the number of rows of a page: `limit`.
    ///
    /// # Errors
    /// Where it is not from 1 to 1000.
    pub fn take_limit(&mut self) -> Result<u64, ApiError> {
        let Some(text) = self.take("limit") else {
            return Ok(DEFAULT_PAGE);
        };
        let limit = text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_PAGE).contains(limit));
        limit.ok_or_else(|| {
            ApiError::invalid("limit", format!("'limit' must be from 1 to {MAX_PAGE}."))
        })
    }

    /// Nothing else was sent.
    ///
    /// # Errors
    /// Where something was: it is named.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.0.into_keys().next() {
            Some(name) => Err(ApiError::unknown_parameter(&name)),
            None => Ok(()),
        }
    }
}

/// Cuts what was found, where one row more than `limit` was asked for, to a page. Whether there is
/// another.
pub fn cut<T>(found: &mut Vec<T>, limit: u64) -> bool {
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    has_more
}

#[cfg(test)]
mod tests {
    use super::*;
    use paddock_core::policy::Role;

    #[test]
    fn a_query_is_read_by_canonical_names_and_must_agree_with_itself() {
        let mut query = Parameters::read("team=a%2Fb&project=a/b&limit=7&status=").unwrap();
        assert_eq!(query.take("namespace").as_deref(), Some("a/b"));
        assert_eq!(
            (query.take_limit().unwrap(), query.take("status")),
            (7, None)
        );
        query.finish().unwrap();
        for bad in [
            "team=a&namespace=b",
            "limit=1&limit=2",
            "after=%00",
            "after=a%0Ab",
        ] {
            assert!(Parameters::read(bad).is_err(), "{bad}");
        }
        assert!(Parameters::read("colour=red").unwrap().finish().is_err());
        let mut query = Parameters::read("role=viewer&other=owner").unwrap();
        assert_eq!(query.take_word("role").unwrap(), Some(Role::Viewer));
        assert_eq!(query.take_word::<Role>("absent").unwrap(), None);
        let refused = format!("{:?}", query.take_word::<Role>("other").unwrap_err());
        let expected = "'other' must be one of 'admin', 'developer', 'analyst', 'viewer'.";
        assert!(refused.contains(expected), "{refused}");
        for bad in ["0", "1001", "-1", "ten"] {
            let mut query = Parameters::read(&format!("limit={bad}")).unwrap();
            assert!(query.take_limit().is_err(), "{bad}");
        }
    }
}
