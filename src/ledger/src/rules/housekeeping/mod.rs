//! What is deleted and when that is safe, and what is summed up before: see `day_blocks`.
//!
//! - A lease whose gateway has not been heard of until after the grace is closed, as lending its
//!   scope would do: nobody may ever ask for that scope again. A closed lease counts for nothing.
//! - A tombstone tells gateways of a deletion. One that is further behind than tombstones are kept
//!   is told to start anew, which is always right.
//! - A scope that nobody borrows from needs no row: lending from it makes one.
//! - Sums of minutes and hours are kept for a while, and days forever: see `sums`.
//! - Finished deliveries and old firings of alerts are deleted in steps: see `outbox`.
//! - Stored objects that nobody has named for half a year are forgotten: see `stored_objects`.
//! - Shares of limits that all gateways have given up are forgotten: see [`super::shares`].
//! - Entries of the audit older than the operator wants to keep them go with their segments, from
//!   the beginning of a chain; the chain keeps the hash of the last one. Rollups and spend stay.
//!   Their events go once no segment has a batch of theirs: by partitions, or in steps. What could
//!   not be read of that time goes too.

mod day_blocks;
mod outbox;
mod retention;
mod scopes;
mod steps;
mod stored_objects;
mod sums;

pub use sums::{KEEP_HOURS, KEEP_MINUTES};

use crate::model::period::DAY;
use crate::rules::caps::{self, LendingTerms};
use crate::rules::shares;
use crate::store::{Store, StoreError, leases, partitions, policy};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a closed lease is kept: longer than usage can be late, which is booked to the
/// reservation a lease was cut from.
const KEEP_LEASES: Duration = Duration::from_secs(32 * DAY);
/// How many of the last changes of the policy tombstones are kept for: ten times as many as a
/// gateway is told one by one.
const KEEP_REVISIONS: u64 = 10_000;
/// Leases closed or deleted in one transaction, so that it is short.
const LEASES_AT_ONCE: u64 = 1_000;

/// What was done in one round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HousekeepingReport {
    /// Leases closed.
    pub closed_leases: u64,
    /// Closed leases deleted.
    pub deleted_leases: u64,
    /// Tombstones deleted.
    pub deleted_tombstones: u64,
    /// Entries of the audit dropped.
    pub dropped_entries: u64,
    /// Days of the ledger's events dropped at once.
    pub dropped_days: u64,
    /// Events deleted.
    pub deleted_events: u64,
    /// Events that could not be read deleted.
    pub deleted_rejected: u64,
    /// Sums of minutes and hours deleted.
    pub deleted_sums: u64,
    /// Blocks of days made.
    pub made_blocks: u64,
    /// Scopes deleted.
    pub deleted_scopes: u64,
    /// Finished deliveries deleted from the log.
    pub deleted_deliveries: u64,
    /// Old firings of alerts deleted.
    pub deleted_firings: u64,
    /// Stored objects forgotten.
    pub forgotten_objects: u64,
}

/// Deletes what is due. Several replicas may do so at once.
pub async fn keep(
    store: &Store,
    terms: &LendingTerms,
    audit_retention: Option<Duration>,
    now: Timestamp,
) -> Result<HousekeepingReport, StoreError> {
    let mut report = HousekeepingReport::default();
    or_later(partitions::prepare(store, now).await)?;
    report.made_blocks = or_later(day_blocks::keep(store, now).await)?;
    loop {
        let closed = close_leases(store, terms, now).await?;
        report.closed_leases = report.closed_leases.saturating_add(closed);
        if closed == 0 {
            break;
        }
    }
    loop {
        let mut tx = store.write().await?;
        let before = now.minus(KEEP_LEASES);
        let deleted = leases::delete_closed(&mut tx, before, LEASES_AT_ONCE).await?;
        tx.commit().await?;
        report.deleted_leases = report.deleted_leases.saturating_add(deleted);
        if deleted == 0 {
            break;
        }
    }
    let mut tx = store.write().await?;
    report.deleted_tombstones = policy::delete_tombstones(&mut tx, KEEP_REVISIONS).await?;
    tx.commit().await?;
    outbox::keep(store, now, &mut report).await?;
    report.deleted_scopes = scopes::keep(store, now).await?;
    report.deleted_sums = sums::keep(store, now).await?;
    loop {
        let mut tx = store.write().await?;
        let looked_at = shares::tidy(&mut tx, now).await?;
        tx.commit().await?;
        if looked_at == 0 {
            break;
        }
    }
    report.forgotten_objects = stored_objects::keep(store, now).await?;
    if let Some(keep_for) = audit_retention {
        let before = now.minus(keep_for);
        retention::keep(store, before, now, &mut report).await?;
    }
    Ok(report)
}

/// What is done, or is left for the next round because the database was too busy.
fn or_later<T: Default>(done: Result<T, StoreError>) -> Result<T, StoreError> {
    match done {
        Err(error) if error.is_transient() => {
            tracing::info!(%error, "partitions or blocks are left for later");
            Ok(T::default())
        }
        done => done,
    }
}

/// Closes leases nobody can still report on: as many as one transaction should. The scopes are
/// locked first, so that none of them is lent from at the same time.
async fn close_leases(
    store: &Store,
    terms: &LendingTerms,
    now: Timestamp,
) -> Result<u64, StoreError> {
    if now <= terms.started_at.plus(terms.grace) {
        return Ok(0);
    }
    let before = now.minus(terms.grace);
    let scopes = leases::expired_scopes(&mut store.read().await?, before, LEASES_AT_ONCE).await?;
    if scopes.is_empty() {
        return Ok(0);
    }
    let mut tx = store.write().await?;
    caps::lock(&mut tx, scopes.iter().cloned().collect::<BTreeSet<_>>()).await?;
    let closed = leases::close_expired(&mut tx, &scopes, before, now).await?;
    tx.commit().await?;
    Ok(closed)
}
