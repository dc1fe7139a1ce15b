//! Secrets of tenants that must be used, and so cannot be kept as digests: what signs webhooks, and where
//! they go. They are stored encrypted if the operator has given a key, else as they are.

use crate::model::webhook::without_secrets;
use std::fmt;

/// What every encrypted text begins with.
const PREFIX: &str = "enc:v1:";

/// A text as it is stored: plain, or `enc:v1:KEY:CIPHERTEXT:SHOWN`. The ciphertext is in Base64; what may be
/// shown of the text is in clear.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sealed(String);

/// The parts of an encrypted text.
#[derive(Clone, Copy)]
pub struct Ciphertext<'a> {
    /// The id of the key that it was encrypted with.
    pub key: &'a str,
    /// The nonce and what was encrypted, in Base64.
    pub text: &'a str,
    /// What may be shown of it.
    pub shown: &'a str,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(redacted)")
    }
}

impl From<String> for Sealed {
    /// As it is stored.
    fn from(stored: String) -> Sealed {
        Sealed(stored)
    }
}

impl From<Ciphertext<'_>> for Sealed {
    fn from(parts: Ciphertext<'_>) -> Sealed {
        let Ciphertext { key, text, shown } = parts;
        Sealed(format!("{PREFIX}{key}:{text}:{shown}"))
    }
}

impl Sealed {
    /// As it is stored.
    pub fn stored(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a text would be taken for an encrypted one.
    pub fn looks_encrypted(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// What all texts encrypted with a key begin with.
    pub fn beginning(key: &str) -> String {
        format!("{PREFIX}{key}:")
    }

    /// Its parts, if it is encrypted.
    pub fn ciphertext(&self) -> Option<Ciphertext<'_>> {
        let mut parts = self.0.strip_prefix(PREFIX)?.splitn(3, ':');
        Some(Ciphertext {
            key: parts.next()?,
            text: parts.next()?,
            shown: parts.next().unwrap_or_default(),
        })
    }

    /// A URL without what may be secret in it.
    pub fn shown_url(&self) -> String {
        match self.ciphertext() {
            Some(encrypted) => encrypted.shown.to_owned(),
            None => without_secrets(&self.0),
        }
    }
}
