//! Synonyms made canonical, in one pass over what was sent.

use super::synonyms::canonical;
use crate::http::error::ApiError;
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields or parameters under canonical names, and how the caller wrote them.
#[derive(Debug)]
pub struct Canonical<V> {
    /// The values.
    pub fields: BTreeMap<String, V>,
    /// Canonical name to the name as written, if they differ.
    written: BTreeMap<String, String>,
}

impl<V> Default for Canonical<V> {
    fn default() -> Canonical<V> {
        Canonical {
            fields: BTreeMap::new(),
            written: BTreeMap::new(),
        }
    }
}

impl<V: PartialEq> Canonical<V> {
    /// Adds a value under the name that the caller wrote.
    ///
    /// # Errors
    /// 400 if the same was sent before and differs.
    pub fn put(&mut self, written: String, value: V) -> Result<(), ApiError> {
        let name = canonical(&written).to_owned();
        match self.fields.get(&name) {
            Some(there) if *there != value => {
                let other = self.written(&name);
                let problem = match other == written {
                    true => format!("'{written}' is there twice and differs"),
                    false => format!("'{other}' and '{written}' mean the same and differ"),
                };
                let message = format!("{problem}: send one of them.");
                Err(ApiError::invalid(&written, message))
            }
            Some(_) => Ok(()),
            None => {
                if name != written {
                    self.written.insert(name.clone(), written);
                }
                self.fields.insert(name, value);
                Ok(())
            }
        }
    }

    /// How the caller wrote a name.
    pub fn written<'a>(&'a self, name: &'a str) -> &'a str {
        self.written.get(name).map_or(name, String::as_str)
    }
}

impl Canonical<Value> {
    /// Reads a body. An empty one is an object without fields.
    ///
    /// # Errors
    /// 400 if it is not a JSON object, or two synonyms contradict each other.
    pub fn parse(body: &[u8]) -> Result<Canonical<Value>, ApiError> {
        let mut fields = Canonical::default();
        if body.trim_ascii().is_empty() {
            return Ok(fields);
        }
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            let message = format!("The body of your request is not valid JSON: {error}");
            ApiError::invalid("", message)
        })?;
        let Value::Object(object) = value else {
            let message = "The body of your request must be a JSON object.";
            return Err(ApiError::invalid("", message));
        };
        for (name, value) in object {
            match value {
                Value::Object(limits) if name == "rate_limits" => {
                    for (inner, value) in limits {
                        fields.put(format!("{name}.{inner}"), value)?;
                    }
                }
                value => fields.put(name, value)?,
            }
        }
        Ok(fields)
    }
}
