//! A JSON body, read field by field: synonyms in, one name out, nothing unknown.

pub mod limits;
mod values;

use super::body::canonical;
use super::error::ApiError;
use serde_json::Value;
use std::collections::BTreeMap;

/// What was sent for a field that may be left out and may be emptied.
///
/// `None` where the field is absent, `Some(None)` where it is `null`.
pub type Patch<T> = Option<Option<T>>;

/// The fields of a JSON object under their canonical names, each to be taken once.
#[derive(Debug)]
pub struct Fields {
    /// Canonical name to the name as written and the value.
    values: BTreeMap<String, (String, Value)>,
}

impl Fields {
    /// Reads a body. An empty one is an object without fields.
    ///
    /// # Errors
    /// Where it is not a JSON object, or two synonyms contradict each other.
    pub fn parse(body: &[u8]) -> Result<Fields, ApiError> {
        let mut fields = Fields {
            values: BTreeMap::new(),
        };
        if body.trim_ascii().is_empty() {
            return Ok(fields);
        }
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            ApiError::invalid(
                "",
                format!("The body of your request is not valid JSON: {error}"),
            )
        })?;
        let Value::Object(object) = value else {
            return Err(ApiError::invalid(
                "",
                "The body of your request must be a JSON object.",
            ));
        };
        for (written, value) in object {
            match value {
                Value::Object(nested) if written == "rate_limits" => {
                    for (inner, value) in nested {
                        fields.put(format!("{written}.{inner}"), value)?;
                    }
                }
                value => fields.put(written, value)?,
            }
        }
        Ok(fields)
    }

    fn put(&mut self, written: String, value: Value) -> Result<(), ApiError> {
        let name = canonical(&written).to_owned();
        match self.values.get(&name) {
            Some((other, old)) if *old != value => Err(ApiError::invalid(
                &written,
                format!("'{other}' and '{written}' mean the same and differ: send one of them."),
            )),
            Some(_) => Ok(()),
            None => {
                self.values.insert(name, (written, value));
                Ok(())
            }
        }
    }

    /// How the caller wrote a field; its canonical name where it was not sent.
    fn written(&self, name: &str) -> String {
        self.values
            .get(name)
            .map_or(name, |(written, _)| written)
            .to_owned()
    }

    /// Whether a field was sent.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Takes a field, read by `read`, which answers `None` for what it cannot take: then the
    /// error says the field must be `expected`.
    fn take<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Patch<T>, ApiError> {
        match self.values.remove(name) {
            None => Ok(None),
            Some((_, Value::Null)) => Ok(Some(None)),
            Some((written, value)) => match read(&value) {
                Some(value) => Ok(Some(Some(value))),
                None => Err(ApiError::invalid(
                    &written,
                    format!("'{written}' must be {expected}."),
                )),
            },
        }
    }

    /// Nothing else was sent.
    ///
    /// # Errors
    /// Where something was: it is named.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.values.into_values().next() {
            Some((written, _)) => Err(ApiError::unknown_parameter(&written)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synonyms_are_read_once_and_must_agree() {
        let mut fields = Fields::parse(br#"{"rate_limits":{"rpm":60,"tpm":5},"rpm":60}"#).unwrap();
        assert_eq!(
            fields.whole("rate_limit_per_minute", 1, 100).unwrap(),
            Some(Some(60))
        );
        assert_eq!(
            fields.whole("tokens_per_minute", 1, 100).unwrap(),
            Some(Some(5))
        );
        fields.finish().unwrap();
        assert!(Fields::parse(br#"{"rpm":60,"rate_limit_rpm":61}"#).is_err());
        assert!(Fields::parse(br#"[1]"#).is_err());
        let mut fields = Fields::parse(br#"{"rpm":"60"}"#).unwrap();
        let error = fields.whole("rate_limit_per_minute", 1, 100).unwrap_err();
        assert!(format!("{error:?}").contains("'rpm' must be a whole number from 1 to 100."));
        assert!(Fields::parse(br#"{"colour":1}"#).unwrap().finish().is_err());
    }
}
