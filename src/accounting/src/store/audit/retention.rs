//! Dropping what is too old, from the beginning of a chain.

use super::read;
use crate::domain::period::HOUR;
use crate::store::{StoreError, Tx, args, loaded};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeSet;

/// What was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// The number of the last segment.
    pub through: u64,
    /// How many segments.
    pub segments: u64,
    /// How many entries.
    pub entries: u64,
}

/// Segments dropped in one transaction at most.
const MOST_SEGMENTS: u64 = 10_000;

/// Drops the first segments of a chain, as many as one transaction should, where all their entries
/// were made and recorded before `before`. The first one that is younger stops it: a chain has no
/// holes. Their calls are in no segment from then on: see [`oldest_batch`].
///
/// # Errors
/// Where the database refuses.
pub async fn drop_oldest(
    tx: &mut Tx,
    organization: &str,
    before: Timestamp,
) -> Result<Dropped, StoreError> {
    super::lock(tx, &BTreeSet::from([organization])).await?;
    let Some(chain) = read::chain(tx, organization).await? else {
        return Ok(Dropped::default());
    };
    let sql = "SELECT sequence, hour, recorded_at, entries, hash FROM audit_segments
        WHERE organization = $1 AND sequence > $2 ORDER BY sequence LIMIT $3";
    let values = args![organization, chain.anchor.0, MOST_SEGMENTS];
    let rows: Vec<(i64, i64, i64, i64, String)> = tx.all(sql, values).await?;
    let mut dropped = Dropped::default();
    let mut until = Timestamp::EPOCH;
    let mut anchor = String::new();
    for (sequence, hour, recorded_at, entries, hash) in rows {
        let end = Timestamp::from_secs(loaded(hour).saturating_add(HOUR));
        if end > before || Timestamp::from_nanos(loaded(recorded_at)) >= before {
            break;
        }
        dropped.through = loaded(sequence);
        dropped.segments = dropped.segments.saturating_add(1);
        dropped.entries = dropped.entries.saturating_add(loaded(entries));
        until = until.max(end);
        anchor = hash;
    }
    if dropped.segments == 0 {
        return Ok(dropped);
    }
    for table in ["audit_changes", "audit_segments"] {
        let sql = format!("DELETE FROM {table} WHERE organization = $1 AND sequence <= $2");
        tx.execute(sql, args![organization, dropped.through])
            .await?;
    }
    let sql = "UPDATE audit_chains SET anchor_sequence = $2, anchor_hash = $3,
        dropped_until = CASE WHEN dropped_until < $4 THEN $4 ELSE dropped_until END
        WHERE organization = $1";
    let values = args![organization, dropped.through, anchor, until.secs()];
    tx.execute(sql, values).await?;
    Ok(dropped)
}

/// The lowest batch number of any chain's segments: events with a lower one are in no segment.
///
/// # Errors
/// Where the database refuses.
pub async fn oldest_batch(tx: &mut Tx) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT MIN(batch) FROM audit_segments WHERE batch > 0";
    let (batch,): (Option<i64>,) = tx.one(sql, args![]).await?;
    Ok(batch)
}

/// Entries before this moment may have been dropped from some chain.
///
/// # Errors
/// Where the database refuses.
pub async fn dropped_until(tx: &mut Tx) -> Result<Timestamp, StoreError> {
    let sql = "SELECT COALESCE(MAX(dropped_until), 0) FROM audit_chains";
    let (seconds,): (i64,) = tx.one(sql, args![]).await?;
    Ok(Timestamp::from_secs(loaded(seconds)))
}
