//! Digests of secrets that came lately, found again without computing them.

use crate::cache::BoundedMap;
use crate::ids::KeyDigest;
use crate::secret::{Form, digest, form, sip_hash};
use core::fmt;

/// The digests of one worker. A secret is looked for by a hash of 128 bits under a random key that never
/// leaves the worker's VM: who finds two secrets of one hash would have to know it. The secret itself is
/// not kept.
pub struct KnownDigests {
    key: [u64; 2],
    digests: BoundedMap<[u64; 2], KeyDigest>,
}

impl fmt::Debug for KnownDigests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownDigests({})", self.digests.len())
    }
}

impl KnownDigests {
    /// None yet, and never more than `capacity`. `key` must be random, and drawn for this worker.
    pub fn new(key: [u8; 16], capacity: usize) -> Self {
        let (low, high) = key.split_at(8);
        let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
        KnownDigests {
            key: [word(low), word(high)],
            digests: BoundedMap::new(capacity),
        }
    }

    /// The digest of `secret`; `None` if a character of it is wrong.
    pub fn digest(&mut self, secret: &[u8]) -> Option<KeyDigest> {
        let hash = sip_hash(self.key, secret);
        if let Some(known) = self.digests.get(&hash) {
            return Some(*known);
        }
        if form(secret) == Form::Mistyped {
            return None;
        }
        let digest = digest(secret);
        self.digests.insert(hash, digest);
        Some(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_same_the_second_time() {
        let mut known = KnownDigests::new([7; 16], 16);
        for n in 0..100 {
            let secret = format!("sk-{n}");
            for _ in 0..2 {
                assert_eq!(
                    known.digest(secret.as_bytes()),
                    Some(digest(secret.as_bytes()))
                );
            }
            assert_eq!(known.digest(b"pdk_mistyped"), None);
            assert!(known.digests.len() <= 16);
        }
        assert!(!format!("{known:?}").contains("sk-"));
    }
}
