//! The audit's retention: segments, then the calls that are in none any more.

use super::steps::Steps;
use super::{HousekeepingReport, or_later};
use crate::ids;
use crate::model::audit::{Actor, Change};
use crate::model::period::{DAY, start_of};
use crate::rules::audit;
use crate::store::audit as store_audit;
use crate::store::{Store, StoreError, events, partitions, watermarks};
use paddock_core::timestamp::Timestamp;
use serde_json::json;
use tokio::time::Instant;

/// Drops what is from before `before`. May be left off after any of its transactions: the next round
/// goes on.
pub(super) async fn keep(
    store: &Store,
    before: Timestamp,
    now: Timestamp,
    report: &mut HousekeepingReport,
) -> Result<(), StoreError> {
    for organization in store_audit::organizations(&mut store.read().await?).await? {
        let dropped = drop_entries(store, &organization, before, now).await?;
        report.dropped_entries = report.dropped_entries.saturating_add(dropped);
    }
    drop_events(store, before, report).await?;
    let mut tx = store.write().await?;
    let is_due = watermarks::advance(&mut tx, watermarks::REJECTED, start_of(DAY, before)).await?;
    tx.commit().await?;
    if is_due {
        report.deleted_rejected = delete_rejected(store, start_of(DAY, before)).await?;
    }
    Ok(())
}

/// How many entries. What is to go is told in the transaction in which it begins to, so that nothing is
/// ever missed that no entry tells of.
async fn drop_entries(
    store: &Store,
    organization: &str,
    before: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let expired = store_audit::expired(&mut store.read().await?, organization, before).await?;
    let Some(mut expired) = expired else {
        return Ok(0);
    };
    let change = Change::new(organization, "audit.expire", organization).after(&json!({
        "through_sequence": expired.through,
        "segments": expired.segments,
        "entries": expired.entries,
        "before": before.to_rfc3339(),
    }));
    let mut change = Some(change);
    let mut all: u64 = 0;
    let mut steps = Steps::default();
    loop {
        let mut tx = store.write().await?;
        let began = Instant::now();
        let dropped = store_audit::drop_oldest(&mut tx, &mut expired, steps.size()).await?;
        let Some(entries) = dropped else {
            return Ok(all);
        };
        if let Some(change) = change.take() {
            audit::record(&mut tx, &Actor::service(now), change).await?;
        }
        tx.commit().await?;
        all = all.saturating_add(entries);
        steps.rest(began).await;
    }
}

/// Drops the events of segments that were dropped. A batch that is being booked has a higher number
/// than those of `before`, so that none of its events can be taken for one of these.
async fn drop_events(
    store: &Store,
    before: Timestamp,
    report: &mut HousekeepingReport,
) -> Result<(), StoreError> {
    let oldest = store_audit::oldest_batch(&mut store.read().await?).await?;
    let limit = ids::first_audit_batch(before);
    let batch = oldest.map_or(limit, |oldest| oldest.min(limit));
    report.dropped_days = or_later(partitions::drop_below(store, batch).await)?;
    let mut steps = Steps::default();
    loop {
        let mut tx = store.write().await?;
        let began = Instant::now();
        let deleted = events::delete_below(&mut tx, batch, steps.size()).await?;
        tx.commit().await?;
        report.deleted_events = report.deleted_events.saturating_add(deleted);
        if deleted == 0 {
            return Ok(());
        }
        steps.rest(began).await;
    }
}

async fn delete_rejected(store: &Store, before: Timestamp) -> Result<u64, StoreError> {
    let mut all: u64 = 0;
    let mut steps = Steps::default();
    loop {
        let mut tx = store.write().await?;
        let began = Instant::now();
        let deleted = events::delete_rejected(&mut tx, before, steps.size()).await?;
        tx.commit().await?;
        all = all.saturating_add(deleted);
        if deleted == 0 {
            return Ok(all);
        }
        steps.rest(began).await;
    }
}
