//! How long sums are kept. Days are kept forever. Minutes, of which nearly every call is one, are kept
//! for two days, and then only each day's peaks of each key. Hours are kept as long as a report can ask
//! for a series of them, and latencies of hours as long as a report uses them.

use crate::model::period::{DAY, start_of, start_of_month};
use crate::store::{Store, StoreError, retention, watermarks};
use paddock_core::timestamp::Timestamp;
use std::time::Duration;

/// Whole days before today that minutes are kept of.
pub const KEEP_MINUTES: u64 = 2;
/// Of hours: 10,000 of them are the longest series.
pub const KEEP_HOURS: u64 = 420;
/// Of latencies by hours: seven days are the longest report that is made of hours.
const KEEP_LATENCIES: u64 = 8;
/// What users have spent is kept of this month and those that lie within so many days.
const KEEP_USERS: u64 = 62;
/// What was spent in hours is kept of so many whole days before today: for calls that are booked late.
const KEEP_SPEND_HOURS: u64 = 2;
/// Days of hours that are looked for at most, where nobody kept house for long.
const LONGEST_ABSENCE: u64 = 60;

/// Deletes once a day what is older; how many rows. One that begins and does not end is ended by the
/// next day's.
pub(super) async fn keep(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let today = start_of(DAY, now).secs();
    let days_ago = |days: u64| Timestamp::from_secs(today.saturating_sub(days.saturating_mul(DAY)));
    let mut deleted: u64 = 0;
    for (name, until) in [
        (watermarks::MINUTES, days_ago(KEEP_MINUTES)),
        (watermarks::HOURS, days_ago(KEEP_HOURS)),
        (watermarks::LATENCIES, days_ago(KEEP_LATENCIES)),
        (watermarks::USERS, start_of_month(days_ago(KEEP_USERS))),
    ] {
        let mut tx = store.write().await?;
        let is_due = watermarks::advance(&mut tx, name, until).await?;
        tx.commit().await?;
        if is_due {
            let gone = match name {
                watermarks::MINUTES | watermarks::HOURS => {
                    delete_oldest(store, name, until).await?
                }
                _ => delete(store, name, until).await?,
            };
            deleted = deleted.saturating_add(gone);
        }
    }
    Ok(deleted.saturating_add(delete_spend_hours(store, days_ago(KEEP_SPEND_HOURS)).await?))
}

/// Deletes what was spent in hours of days before `until`, a day at a time.
async fn delete_spend_hours(store: &Store, until: Timestamp) -> Result<u64, StoreError> {
    let oldest = until.minus(Duration::from_secs(DAY.saturating_mul(LONGEST_ABSENCE)));
    let mut deleted: u64 = 0;
    loop {
        let mut tx = store.write().await?;
        let day = watermarks::of(&mut tx, watermarks::SPEND_HOURS).await?;
        let day = day.max(oldest);
        if day >= until {
            return Ok(deleted);
        }
        let gone = retention::delete_spend_hours(&mut tx, day).await?;
        watermarks::advance(&mut tx, watermarks::SPEND_HOURS, day.end_of_day()).await?;
        tx.commit().await?;
        deleted = deleted.saturating_add(gone);
    }
}

/// Goes through time, a few intervals in a transaction of their own, so that all are short.
async fn delete_oldest(store: &Store, name: &str, until: Timestamp) -> Result<u64, StoreError> {
    let (mut deleted, mut after) = (0_u64, 0);
    loop {
        let mut tx = store.write().await?;
        let gone = retention::delete_oldest(&mut tx, name, (after, until)).await?;
        let Some((end, gone)) = gone else {
            return Ok(deleted);
        };
        tx.commit().await?;
        deleted = deleted.saturating_add(gone);
        after = end;
    }
}

/// Goes through namespaces or scopes, each in a transaction of its own, so that all are short.
async fn delete(store: &Store, name: &str, until: Timestamp) -> Result<u64, StoreError> {
    let mut deleted: u64 = 0;
    let mut after = String::new();
    loop {
        let next = retention::next(&mut store.read().await?, name, &after, until).await?;
        let Some(next) = next else {
            return Ok(deleted);
        };
        let mut tx = store.write().await?;
        let gone = retention::delete(&mut tx, name, &next, until).await?;
        tx.commit().await?;
        deleted = deleted.saturating_add(gone);
        after = next;
    }
}
