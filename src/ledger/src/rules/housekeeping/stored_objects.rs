//! What providers have stored and nobody has named for long.

use super::steps::Steps;
use crate::model::period::DAY;
use crate::store::{Store, StoreError, stored_objects};
use paddock_core::timestamp::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// How long an object is known that nobody names: far longer than providers keep responses, which is 30
/// days (<https://platform.openai.com/docs/guides/conversation-state>).
const KEEP_UNSEEN: Duration = Duration::from_secs(180 * DAY);

/// How many were forgotten.
pub(super) async fn keep(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let before = now.minus(KEEP_UNSEEN);
    let mut all: u64 = 0;
    let mut steps = Steps::default();
    loop {
        let mut tx = store.write().await?;
        let began = Instant::now();
        let deleted = stored_objects::delete_unseen(&mut tx, before, steps.size()).await?;
        tx.commit().await?;
        all = all.saturating_add(deleted);
        if deleted == 0 {
            return Ok(all);
        }
        steps.rest(began).await;
    }
}
