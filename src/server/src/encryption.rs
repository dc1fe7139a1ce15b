//! Encryption at rest of the secrets that must be used: what signs webhooks, and where they go.
//!
//! AES-256-GCM with a random nonce of 96 bits for each text (NIST SP 800-38D, 8.2.2): 2^32 texts under one
//! key are far more than there ever are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use paddock_core::secret::digest;
use paddock_ledger::model::sealed::{Ciphertext, Sealed};
use paddock_ledger::model::secret::Secret;
use paddock_ledger::model::webhook::without_secrets;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;
use std::sync::Arc;

/// Hex digits of a key's id.
const ID: usize = 16;

/// The operator's keys, the first of which encrypts. Without any, texts are stored as they are.
#[derive(Clone)]
pub struct Encryption {
    keys: Arc<Vec<Key>>,
    draw: Draw,
}

/// What fills bytes with random numbers, or fails to.
pub type Draw = fn(&mut [u8]) -> Result<(), Unspecified>;

impl Default for Encryption {
    fn default() -> Encryption {
        Encryption {
            keys: Arc::default(),
            draw: |bytes| SystemRandom::new().fill(bytes),
        }
    }
}

struct Key {
    /// The beginning of the key's SHA-256.
    id: String,
    key: LessSafeKey,
}

/// A text cannot be encrypted or decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionError {
    /// Its key was not given.
    #[error("it is encrypted with the key {0}, which --encryption-key-file does not hold")]
    Key(String),
    /// It is not what was encrypted.
    #[error("it was changed since it was encrypted")]
    Changed,
    /// The system gives no random numbers, without which nothing is encrypted.
    #[error("the system gives no random numbers, so it cannot be encrypted")]
    NoRandomness,
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encryption(redacted)")
    }
}

impl Encryption {
    /// Reads keys: one a line, each 64 hex digits. Lines that begin with `#` are comments.
    ///
    /// # Errors
    /// What is wrong and its remedy, for the operator. No key is in it.
    pub fn read(text: &Secret) -> Result<Encryption, String> {
        let lines = text.expose().lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys = lines.map(|line| {
            let mut bytes = [0; 32];
            hex::decode_to_slice(line, &mut bytes).ok()?;
            let key = UnboundKey::new(&AES_256_GCM, &bytes).ok()?;
            Some(Key {
                id: digest(&bytes).to_hex().chars().take(ID).collect(),
                key: LessSafeKey::new(key),
            })
        });
        match keys.collect::<Option<Vec<Key>>>() {
            Some(keys) if !keys.is_empty() => Ok(Encryption {
                keys: Arc::new(keys),
                ..Encryption::default()
            }),
            _ => Err(
                "--encryption-key-file: each line must be a key of 64 hex digits, as \
                      `openssl rand -hex 32` makes"
                    .to_owned(),
            ),
        }
    }

    /// The same with random numbers from elsewhere than the system.
    pub fn drawing(self, draw: Draw) -> Encryption {
        Encryption { draw, ..self }
    }

    /// The id of the key that encrypts.
    pub fn key_id(&self) -> Option<&str> {
        self.keys.first().map(|key| key.id.as_str())
    }

    /// A URL, as it is to be stored.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn seal_url(&self, url: &str) -> Result<Sealed, EncryptionError> {
        self.seal(url, &without_secrets(url))
    }

    /// What signs, as it is to be stored.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn seal_secret(&self, secret: &Secret) -> Result<Sealed, EncryptionError> {
        self.seal(secret.expose(), "")
    }

    fn seal(&self, text: &str, shown: &str) -> Result<Sealed, EncryptionError> {
        let Some(key) = self.keys.first().filter(|_| !text.is_empty()) else {
            return Ok(Sealed::from(text.to_owned()));
        };
        let mut nonce = [0; NONCE_LEN];
        let mut bytes = text.as_bytes().to_vec();
        (self.draw)(&mut nonce).map_err(|_| EncryptionError::NoRandomness)?;
        let shown_too = Aad::from(shown.as_bytes());
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        // It fails of texts of 64 GiB alone. What is not encrypted is not stored.
        key.key
            .seal_in_place_append_tag(nonce_used, shown_too, &mut bytes)
            .map_err(|_| EncryptionError::NoRandomness)?;
        Ok(Sealed::from(Ciphertext {
            key: &key.id,
            text: &STANDARD_NO_PAD.encode([nonce.as_slice(), &bytes].concat()),
            shown,
        }))
    }

    /// What was encrypted.
    ///
    /// # Errors
    /// Its key is not here, or it was changed.
    pub fn open(&self, sealed: &Sealed) -> Result<Secret, EncryptionError> {
        let Some(encrypted) = sealed.ciphertext() else {
            return Ok(Secret::from(sealed.stored().to_owned()));
        };
        let Ciphertext { key, text, shown } = encrypted;
        let known = self.keys.iter().find(|known| known.id == key);
        let known = known.ok_or_else(|| EncryptionError::Key(key.to_owned()))?;
        let opened = || {
            let bytes = STANDARD_NO_PAD.decode(text).ok()?;
            let (nonce, bytes) = bytes.split_first_chunk::<NONCE_LEN>()?;
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let mut bytes = bytes.to_vec();
            let aad = Aad::from(shown.as_bytes());
            let opened = known.key.open_in_place(nonce, aad, &mut bytes).ok()?;
            String::from_utf8(opened.to_vec()).ok()
        };
        opened().map(Secret::from).ok_or(EncryptionError::Changed)
    }

    /// A URL for those who may see it: only what may be shown if it cannot be decrypted.
    pub fn url(&self, sealed: &Sealed) -> String {
        let opened = self.open(sealed);
        opened.map_or_else(|_| sealed.shown_url(), |url| url.expose().to_owned())
    }

    /// The same text under the key that encrypts; `None` if it is so already.
    ///
    /// # Errors
    /// As [`Encryption::open`] and [`Encryption::seal_url`].
    pub fn renew(&self, sealed: &Sealed) -> Result<Option<Sealed>, EncryptionError> {
        let encrypted = sealed.ciphertext();
        let key = encrypted.as_ref().map(|encrypted| encrypted.key);
        if sealed.is_empty() || self.key_id().is_none_or(|own| Some(own) == key) {
            return Ok(None);
        }
        let text = self.open(sealed)?;
        let shown = match encrypted {
            Some(encrypted) => encrypted.shown.to_owned(),
            None => without_secrets(text.expose()),
        };
        self.seal(text.expose(), &shown).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: &str = "https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXXXXX";

    fn keys(lines: &[&str]) -> Encryption {
        let lines: Vec<String> = lines.iter().map(|digit| digit.repeat(64)).collect();
        Encryption::read(&Secret::from(lines.join("\n"))).unwrap()
    }

    #[test]
    fn what_is_encrypted_is_read_with_its_key_alone() {
        let (old, new) = (keys(&["a"]), keys(&["b"]));
        let sealed = old.seal_url(HOOK).unwrap();
        assert!(!sealed.stored().contains("XXXX"), "{}", sealed.stored());
        assert_eq!(sealed.shown_url(), without_secrets(HOOK));
        assert_eq!(old.open(&sealed).unwrap().expose(), HOOK);
        assert_ne!(sealed, old.seal_url(HOOK).unwrap(), "a nonce of its own");
        let missing = EncryptionError::Key(old.key_id().unwrap().to_owned());
        for other in [&new, &Encryption::default()] {
            assert_eq!(other.open(&sealed).unwrap_err(), missing);
            assert_eq!(other.url(&sealed), sealed.shown_url());
        }
        let other_host = sealed.stored().replace("slack.com", "evil.com");
        assert_eq!(
            old.open(&other_host.into()).unwrap_err(),
            EncryptionError::Changed
        );
        assert!(!format!("{old:?} {sealed:?}").contains("aaaa"));
    }

    #[test]
    fn keys_are_replaced_by_adding_one() {
        let (none, old) = (Encryption::default(), keys(&["a"]));
        let both = keys(&["b", "a"]);
        for sealed in [none.seal_url(HOOK).unwrap(), old.seal_url(HOOK).unwrap()] {
            let renewed = both.renew(&sealed).unwrap().unwrap();
            assert_eq!(renewed.ciphertext().map(|parts| parts.key), both.key_id());
            assert_eq!(keys(&["b"]).open(&renewed).unwrap().expose(), HOOK);
            assert_eq!(renewed.shown_url(), without_secrets(HOOK));
            assert_eq!(both.renew(&renewed).unwrap(), None);
        }
        // Without a key nothing is changed, and what was stored plainly is read.
        assert_eq!(none.renew(&old.seal_url(HOOK).unwrap()).unwrap(), None);
        assert_eq!(
            none.open(&none.seal_url(HOOK).unwrap()).unwrap().expose(),
            HOOK
        );
    }

    #[test]
    fn what_cannot_be_encrypted_is_not_stored() {
        let keys = keys(&["a"]).drawing(|_| Err(Unspecified));
        let refused = Err(EncryptionError::NoRandomness);
        assert_eq!(keys.seal_url(HOOK), refused);
        assert_eq!(keys.seal_secret(&Secret::from(HOOK.to_owned())), refused);
        let in_clear = Encryption::default().seal_url(HOOK).unwrap();
        assert_eq!(keys.renew(&in_clear), Err(EncryptionError::NoRandomness));
    }

    #[test]
    fn a_file_of_other_things_is_refused() {
        for text in ["", "# none", "abc", &"g".repeat(64), &"a".repeat(63)] {
            let problem = Encryption::read(&Secret::from(text.to_owned())).unwrap_err();
            assert!(problem.contains("64 hex digits") && !problem.contains("aaa"));
        }
    }
}
