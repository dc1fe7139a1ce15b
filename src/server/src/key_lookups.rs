//! The keys that wait to be looked up for gateways.

use paddock_core::ids::KeyDigest;
use paddock_ledger::store::StoreError;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Keys of one query at most.
const AT_ONCE: usize = 1_000;
/// Keys that wait at most.
const MOST_WAITING: usize = 4_096;

/// What a query found of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// Whether some key has this secret.
    pub is_known: bool,
    /// The revision of the policy at which that is so.
    pub revision: u64,
    /// That of the catalog.
    pub catalog_revision: u64,
}

/// Where the result of a key goes.
pub(crate) type Answer = oneshot::Sender<Result<LookedUp, StoreError>>;

/// Too many wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

/// Keys that wait to be looked up.
#[derive(Debug, Default)]
pub struct KeyLookups {
    waiting: Mutex<VecDeque<(KeyDigest, Answer)>>,
    /// Held while a query is under way.
    pub(crate) asking: tokio::sync::Mutex<()>,
    queries: AtomicU64,
}

impl KeyLookups {
    /// How many queries there were.
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    pub(crate) fn push(&self, digest: KeyDigest, answer: Answer) -> Result<(), TooMany> {
        let mut waiting = self.waiting();
        if waiting.len() >= MOST_WAITING {
            return Err(TooMany);
        }
        waiting.push_back((digest, answer));
        Ok(())
    }

    /// The keys of the next query; none if nothing waits.
    pub(crate) fn take(&self) -> (Vec<KeyDigest>, Vec<Answer>) {
        let mut waiting = self.waiting();
        let count = waiting.len().min(AT_ONCE);
        if count > 0 {
            self.queries.fetch_add(1, Ordering::Relaxed);
        }
        waiting.drain(..count).unzip()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(KeyDigest, Answer)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paddock_core::secret::digest;

    #[test]
    fn keys_that_wait_are_bounded() {
        let lookups = KeyLookups::default();
        let push = |number: usize| {
            let (answer, _) = oneshot::channel();
            lookups.push(digest(number.to_string().as_bytes()), answer)
        };
        assert!((0..MOST_WAITING).all(|number| push(number).is_ok()));
        assert!(push(MOST_WAITING).is_err());
        assert_eq!(lookups.take().0.len(), AT_ONCE);
        assert!((0..AT_ONCE).all(|number| push(number).is_ok()));
        assert!(push(0).is_err());
    }
}
