//! Whose are these stored objects?

use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_core::stored::{MOST_STORED, StoredId};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{StoredAnswer, StoredQuestion};
use paddock_ledger::model::period::{DAY, start_of};
use paddock_ledger::store::Tx;
use paddock_ledger::store::stored_objects::{self, Found};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::sleep;

/// The longest a gateway's question waits for events on their way.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How often it is looked whether they have come.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Returns as soon as all are known, or when the gateway will wait no longer: a client goes on at another
/// gateway within the second in which the first one reports the call.
pub async fn wait(app: &SharedApp, question: &StoredQuestion) -> Result<(), ApiError> {
    if question.ids.len() > MOST_STORED {
        let message = format!("at most {MOST_STORED} stored objects are looked up at once");
        return Err(ApiError::invalid("stored.ids", message));
    }
    let all: BTreeSet<StoredId> = question.ids.iter().copied().collect();
    let mut left = Duration::from_millis(question.wait_ms).min(LONGEST_WAIT);
    let mut seat = None;
    loop {
        let mut tx = app.store.read().await?;
        let found = stored_objects::find(&mut tx, &question.namespace, &question.ids).await?;
        drop(tx);
        let found: BTreeSet<StoredId> = found.into_iter().map(|one| one.id).collect();
        if found.len() >= all.len() || left.is_zero() {
            return Ok(());
        }
        seat = seat.or_else(|| app.seats.take(&question.namespace));
        if seat.is_none() {
            return Ok(());
        }
        sleep(LOOK_EVERY.min(left)).await;
        left = left.saturating_sub(LOOK_EVERY);
    }
}

/// Answers from the snapshot of the rest of the answer.
pub async fn answer(
    app: &SharedApp,
    tx: &mut Tx,
    question: &StoredQuestion,
) -> Result<StoredAnswer, ApiError> {
    let found = stored_objects::find(tx, &question.namespace, &question.ids).await?;
    see(app, &found).await?;
    for one in found.iter().filter(|one| one.is_disputed) {
        let id = one.id.to_hex();
        tracing::info!(
            id,
            "a stored object was made by several namespaces, so it is refused to all"
        );
    }
    let some = |is_own: bool| {
        let some = found.iter().filter(move |one| one.is_own == is_own);
        some.map(|one| one.id).collect()
    };
    Ok(StoredAnswer {
        own: some(true),
        others: some(false),
    })
}

/// Once a day an object that is in use is seen, so that housekeeping does not forget it.
async fn see(app: &SharedApp, found: &[Found]) -> Result<(), ApiError> {
    let today: Timestamp = start_of(DAY, app.now());
    let unseen = found.iter().filter(|one| one.is_own && one.seen_at < today);
    let mut unseen: Vec<StoredId> = unseen.map(|one| one.id).collect();
    if unseen.is_empty() {
        return Ok(());
    }
    unseen.sort_unstable();
    let mut tx = app.store.write().await?;
    stored_objects::see(&mut tx, &unseen, app.now()).await?;
    Ok(tx.commit().await?)
}
