//! Synonyms made canonical, in one pass over a body's fields.

use super::synonyms::canonical;
use crate::http::error::ApiError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A body's object under canonical names, and how the caller wrote them.
#[derive(Debug)]
pub struct Canonical {
    /// The object.
    pub value: Value,
    /// Canonical name to the name as written, where they differ.
    written: BTreeMap<String, String>,
}

impl Canonical {
    /// Reads a body. An empty one is an object without fields.
    ///
    /// # Errors
    /// 400 if it is not a JSON object, or two synonyms contradict each other.
    pub fn parse(body: &[u8]) -> Result<Canonical, ApiError> {
        let mut fields = Fields::default();
        if !body.trim_ascii().is_empty() {
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
        }
        Ok(Canonical {
            value: Value::Object(fields.object),
            written: fields.written,
        })
    }

    /// How the caller wrote a field.
    pub fn written<'a>(&'a self, name: &'a str) -> &'a str {
        self.written.get(name).map_or(name, String::as_str)
    }
}

#[derive(Default)]
struct Fields {
    object: Map<String, Value>,
    written: BTreeMap<String, String>,
}

impl Fields {
    fn put(&mut self, written: String, value: Value) -> Result<(), ApiError> {
        let name = canonical(&written).to_owned();
        match self.object.get(&name) {
            Some(there) if *there != value => {
                let other = self.written.get(&name).unwrap_or(&name);
                let message = format!(
                    "'{other}' and '{written}' mean the same and differ: send one of them."
                );
                Err(ApiError::invalid(&written, message))
            }
            Some(_) => Ok(()),
            None => {
                if name != written {
                    self.written.insert(name.clone(), written);
                }
                self.object.insert(name, value);
                Ok(())
            }
        }
    }
}
