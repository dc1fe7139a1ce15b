//! Which keys there are, for gateways that meet one they do not know. All that wait are one query, and one
//! query is under way at a time: so however many unknown keys are shown to gateways, the database is asked no
//! more often, and a key that there is waits for one query.

use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_core::ids::KeyDigest;
use paddock_ledger::store::{StoreError, key_secrets, policy};
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Keys of one query at most.
const AT_ONCE: usize = 1_000;
/// Keys that wait at most.
const MOST_WAITING: usize = 4_096;
/// When a gateway should ask again if more wait.
const WAIT: Duration = Duration::from_secs(1);

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

type Answer = oneshot::Sender<Result<LookedUp, StoreError>>;

/// Keys that wait to be looked up.
#[derive(Debug, Default)]
pub struct KeyLookups {
    waiting: Mutex<VecDeque<(KeyDigest, Answer)>>,
    asking: tokio::sync::Mutex<()>,
    queries: AtomicU64,
}

impl KeyLookups {
    /// How many queries there were.
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(KeyDigest, Answer)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, digest: KeyDigest, answer: Answer) -> Result<(), ApiError> {
        let mut waiting = self.waiting();
        if waiting.len() >= MOST_WAITING {
            let message = "Too many keys wait to be looked up. Ask again.";
            return Err(ApiError::busy(message, WAIT));
        }
        waiting.push_back((digest, answer));
        Ok(())
    }

    fn take(&self) -> (Vec<KeyDigest>, Vec<Answer>) {
        let mut waiting = self.waiting();
        let count = waiting.len().min(AT_ONCE);
        waiting.drain(..count).unzip()
    }
}

/// Looks a key up.
///
/// # Errors
/// 503 if too many wait, or the database does not answer.
pub async fn look_up(app: &SharedApp, digest: KeyDigest) -> Result<LookedUp, ApiError> {
    let (answer, looked_up) = oneshot::channel();
    app.key_lookups.push(digest, answer)?;
    // Each key brings a round with it: where another's has taken it along there is nothing left to do.
    tokio::spawn(round(app.clone()));
    let looked_up = looked_up.await;
    Ok(looked_up.unwrap_or_else(|_| Err(StoreError::abandoned()))?)
}

async fn round(app: SharedApp) {
    let lookups = &app.key_lookups;
    let _asking = lookups.asking.lock().await;
    let (digests, answers) = lookups.take();
    if digests.is_empty() {
        return;
    }
    lookups.queries.fetch_add(1, Ordering::Relaxed);
    let found = query(&app, &digests).await.map_err(Arc::new);
    for (digest, answer) in digests.into_iter().zip(answers) {
        let found = found
            .as_ref()
            .map_err(|error| StoreError::Shared(error.clone()));
        let found = found.map(|(known, found)| LookedUp {
            is_known: known.contains(&digest),
            ..*found
        });
        // Whoever asked may have gone.
        let _ = answer.send(found);
    }
}

async fn query(
    app: &SharedApp,
    digests: &[KeyDigest],
) -> Result<(HashSet<KeyDigest>, LookedUp), StoreError> {
    let mut tx = app.store.read().await?;
    let known = key_secrets::known(&mut tx, digests).await?;
    let (revision, catalog_revision) = policy::revisions(&mut tx).await?;
    let found = LookedUp {
        is_known: false,
        revision,
        catalog_revision,
    };
    Ok((known, found))
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
