//! Dropping what is too old, from the beginning of a chain.

use super::read;
use crate::domain::audit::Kind;
use crate::domain::period::HOUR;
use crate::store::{StoreError, Tx, args};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

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

/// Drops the first segments of a chain, as many as one transaction should, where all their entries
/// were made and recorded before `before`. The first one that is younger stops it: a chain has no
/// holes.
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
    let links = read::links(tx, organization, chain.anchor.0).await?;
    let hour = Duration::from_secs(HOUR);
    let is_old = |link: &&read::Link| {
        let segment = &link.segment;
        segment.hour.plus(hour) <= before && segment.recorded_at < before
    };
    let mut dropped = Dropped::default();
    let mut until = Timestamp::EPOCH;
    let mut anchor = chain.anchor.1;
    for link in links.iter().take_while(is_old) {
        let segment = &link.segment;
        let end = segment.hour.plus(hour);
        if segment.kind == Kind::Calls {
            let sql = "DELETE FROM events WHERE audit_batch = $1 AND namespace = $2
                AND organization = $3 AND started_at >= $4 AND started_at < $5";
            let (batch, namespace) = (segment.batch, &segment.namespace);
            let values = args![batch, namespace, organization, segment.hour, end];
            tx.execute(sql, values).await?;
        }
        dropped.through = link.sequence;
        dropped.segments = dropped.segments.saturating_add(1);
        dropped.entries = dropped.entries.saturating_add(segment.entries);
        until = until.max(end);
        anchor = link.hash;
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
    let values = args![organization, dropped.through, anchor.to_hex(), until.secs(),];
    tx.execute(sql, values).await?;
    Ok(dropped)
}

/// Entries before this moment may have been dropped from some chain.
///
/// # Errors
/// Where the database refuses.
pub async fn dropped_until(tx: &mut Tx) -> Result<Timestamp, StoreError> {
    let sql = "SELECT COALESCE(MAX(dropped_until), 0) FROM audit_chains";
    let (seconds,): (i64,) = tx.one(sql, args![]).await?;
    Ok(Timestamp::from_secs(crate::store::loaded(seconds)))
}
