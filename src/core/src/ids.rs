//! Every kind of identifier is a type of its own; none is made here.

use core::fmt;
use core::num::NonZeroU64;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The identity of one usage event: a UUID of version 7 (RFC 9562) the filter made.
///
/// Never a client's request id, which a client can repeat: the ledger takes each id once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// Characters of its text.
    pub const CHARS: usize = 36;

    /// Its text, written to `buffer`.
    pub fn write(self, buffer: &mut [u8; Self::CHARS]) -> &str {
        self.0.hyphenated().encode_lower(buffer)
    }

    /// From its text; `None` otherwise.
    pub fn parse(text: &str) -> Option<EventId> {
        Uuid::parse_str(text).ok().map(EventId)
    }
}

/// Makes [`EventId`]s for one worker: unique while the nonce is.
///
/// The time orders the ids, the nonce tells workers apart, the counter tells events of one
/// millisecond apart, so no host call for randomness is needed on a request's path.
#[derive(Debug)]
pub struct EventIds {
    nonce: [u8; 6],
    next: u32,
}

impl EventIds {
    /// A source of ids from six bytes of randomness the caller drew for this worker's VM.
    pub const fn new(nonce: [u8; 6]) -> Self {
        EventIds { nonce, next: 0 }
    }

    /// The next id. `millis` is Unix time in milliseconds.
    pub fn next(&mut self, millis: u64) -> EventId {
        self.next = self.next.wrapping_add(1);
        let [a, b, c, d, e, f] = self.nonce;
        let [w, x, y, z] = self.next.to_be_bytes();
        // Version and variant overwrite bits of the first and third byte: both are the nonce's.
        let bytes = [a, b, c, d, e, f, w, x, y, z];
        EventId(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The SHA-256 of a secret key: all that is ever stored or sent of it. 64 hex digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(redacted)")
    }
}

impl Serialize for KeyDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for KeyDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not 64 hex digits"))
    }
}

impl KeyDigest {
    /// 64 lower-case hex digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// From 64 hex digits; `None` otherwise.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(KeyDigest(bytes))
    }
}

/// Which installation something is of: a random number made with its database. 16 hex digits in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallationId(NonZeroU64);

impl InstallationId {
    /// From 16 hex digits that are not all zero; `None` otherwise.
    pub fn from_hex(text: &str) -> Option<InstallationId> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        InstallationId::from_bytes(bytes)
    }

    /// From what [`InstallationId::to_bytes`] made; `None` if all are zero.
    pub(crate) fn from_bytes(bytes: [u8; 8]) -> Option<InstallationId> {
        NonZeroU64::new(u64::from_be_bytes(bytes)).map(InstallationId)
    }

    pub(crate) const fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }

    /// 16 lower-case hex digits, written to `buffer`.
    pub(crate) fn write(self, buffer: &mut [u8; 16]) -> &str {
        // Neither can fail: the buffer has two digits a byte, and digits are ASCII.
        let _ = hex::encode_to_slice(self.to_bytes(), buffer);
        core::str::from_utf8(buffer).unwrap_or_default()
    }
}

impl fmt::Display for InstallationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut [0; 16]))
    }
}

impl Serialize for InstallationId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.write(&mut [0; 16]))
    }
}

impl<'de> Deserialize<'de> for InstallationId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not 16 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn event_ids_are_unique_and_ordered_by_time() {
        let (mut one, mut two) = (EventIds::new([1; 6]), EventIds::new([2; 6]));
        let mut seen = HashSet::new();
        for n in 0..10_000 {
            assert!(seen.insert(one.next(1_000)));
            assert!(seen.insert(two.next(1_000 + n % 2)));
        }
        assert!(one.next(5) < one.next(6));
    }
}
