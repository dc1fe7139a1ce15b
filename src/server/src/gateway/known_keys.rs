//! Which keys there are, for gateways that meet one they do not know. All that wait are one query, and one
//! query is under way at a time: so however many unknown keys are shown to gateways, the database is asked no
//! more often, and a key that there is waits for one query.

use crate::http::error::ApiError;
use crate::key_lookups::{LookedUp, TooMany};
use crate::state::SharedApp;
use paddock_core::ids::KeyDigest;
use paddock_ledger::store::{StoreError, key_secrets, policy};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// When a gateway should ask again if more wait.
const WAIT: Duration = Duration::from_secs(1);

/// Looks a key up.
///
/// # Errors
/// 503 if too many wait, or the database does not answer.
pub async fn look_up(app: &SharedApp, digest: KeyDigest) -> Result<LookedUp, ApiError> {
    let (answer, looked_up) = oneshot::channel();
    let pushed = app.key_lookups.push(digest, answer);
    pushed.map_err(|TooMany| {
        ApiError::busy("Too many keys wait to be looked up. Ask again.", WAIT)
    })?;
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
