//! Scopes that nobody borrows from any more: of users that are gone, of reservations that have ended.

use crate::model::period::{DAY, start_of};
use crate::store::{Store, StoreError, leases, watermarks};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeSet;

/// Scopes looked at in one transaction.
const AT_ONCE: u64 = 500;

/// Deletes them once a day; how many. They are locked first, in the order of everybody, so that none of
/// them is lent from at the same time.
pub(super) async fn keep(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let mut tx = store.write().await?;
    let is_due = watermarks::advance(&mut tx, watermarks::SCOPES, start_of(DAY, now)).await?;
    tx.commit().await?;
    let mut deleted: u64 = 0;
    if !is_due {
        return Ok(deleted);
    }
    let mut after = String::new();
    loop {
        let unused = leases::unused_scopes(&mut store.read().await?, &after, now, AT_ONCE).await?;
        let Some(last) = unused.last() else {
            return Ok(deleted);
        };
        after.clone_from(last);
        let mut tx = store.write().await?;
        leases::lock(&mut tx, &unused.iter().cloned().collect::<BTreeSet<_>>()).await?;
        let gone = leases::delete_unused_scopes(&mut tx, &unused, now).await?;
        tx.commit().await?;
        deleted = deleted.saturating_add(gone);
    }
}
