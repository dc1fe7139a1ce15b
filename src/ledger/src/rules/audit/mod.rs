//! The audit: every call and every change, in one chain of hashes an organization.
//!
//! Code that changes something calls [`record`] in the transaction of the change. Calls are chained
//! where they are booked. A link of the chain is a [`Segment`]: its hash covers the hash before it,
//! so that no entry can be altered, removed or put in without [`verify`] seeing it.

mod calls;
mod verify;

pub use calls::{Calls, CallsHash};
pub use verify::{ChainReport, Problem, verify};

use crate::model::audit::{Actor, Change, Segment, SegmentKind};
use crate::model::period::{HOUR, start_of};
use crate::store::{StoreError, Tx, audit};

/// Chains a change. To be called in its transaction, after the statements of the change: what one
/// organization's changes and calls wait for each other is the time from here to the commit.
pub async fn record(tx: &mut Tx, actor: &Actor, change: Change) -> Result<(), StoreError> {
    let mut row = change.by(actor);
    let segment = Segment {
        organization: change.organization.clone(),
        kind: SegmentKind::Changes,
        namespace: change.namespace.clone().unwrap_or_default(),
        hour: start_of(HOUR, actor.at),
        recorded_at: actor.at,
        batch: 0,
        entries: 1,
        ids: (String::new(), String::new()),
        digest: row.digest(),
    };
    let numbers = audit::append(tx, vec![segment]).await?;
    row.sequence = numbers.first().copied().unwrap_or_default();
    audit::insert_change(tx, &row).await
}
