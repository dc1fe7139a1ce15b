//! The keys of JSON objects, read without a copy.

use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

/// Reads a key, its escapes decoded, as what a closure makes of it.
pub(super) struct KeyAs<F>(pub(super) F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for KeyAs<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for KeyAs<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<T, E> {
        Ok(self.0(key))
    }
}
