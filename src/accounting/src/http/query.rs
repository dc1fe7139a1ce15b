//! Query strings, with the contract's synonyms.

use super::error::ApiError;
use super::fields::canonical;
use std::collections::BTreeMap;

/// Most rows of one page of a list.
const MAX_PAGE: u64 = 1_000;
/// Rows of a page that asks for no number.
const DEFAULT_PAGE: u64 = 100;

/// The parameters of a query under their canonical names.
#[derive(Debug)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a query.
    pub fn new(query: BTreeMap<String, String>) -> Parameters {
        let canonical = |(name, value): (String, String)| (canonical(&name).to_owned(), value);
        Parameters(query.into_iter().map(canonical).collect())
    }

    /// Whether a parameter was sent.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes one parameter; an empty one counts as absent.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
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
