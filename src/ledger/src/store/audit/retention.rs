//! Dropping what is too old, from the beginning of a chain.

use super::read;
use crate::model::period::HOUR;
use crate::store::columns::Seconds;
use crate::store::{StoreError, Tx, args};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeSet;

/// The beginning of a chain that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Whose chain.
    pub organization: String,
    /// The number of the last segment that is gone.
    pub after: u64,
    /// The number of the last segment to go.
    pub through: u64,
    /// How many segments.
    pub segments: u64,
    /// How many entries they have.
    pub entries: u64,
}

/// The first segments of a chain whose entries were all made and recorded before `before`; `None` if
/// there is none. The first one that is younger ends them: a chain has no holes.
pub async fn expired(
    tx: &mut Tx,
    organization: &str,
    before: Timestamp,
) -> Result<Option<Expired>, StoreError> {
    let Some(chain) = read::chain(tx, organization).await? else {
        return Ok(None);
    };
    let after = chain.anchor.0;
    let sql = "SELECT sequence FROM audit_segments WHERE organization = $1 AND sequence > $2
        AND (hour > $3 OR recorded_at >= $4) ORDER BY sequence LIMIT 1";
    let last_hour = before.secs().saturating_sub(HOUR);
    let values = args![organization, after, last_hour, before];
    let younger: Option<i64> = tx.optional(sql, values).await?;
    let younger = younger.unwrap_or(i64::MAX);
    let sql =
        "SELECT COALESCE(MAX(sequence), 0), COUNT(*), CAST(COALESCE(SUM(entries), 0) AS BIGINT)
        FROM audit_segments WHERE organization = $1 AND sequence > $2 AND sequence < $3";
    let values = args![organization, after, younger];
    let (through, segments, entries): (u64, u64, u64) = tx.one(sql, values).await?;
    Ok((segments > 0).then(|| Expired {
        organization: organization.to_owned(),
        after,
        through,
        segments,
        entries,
    }))
}

/// Drops the next segments of those that are to go, at most `limit`; how many entries they had. `None`
/// if there is nothing left, or somebody else is at it. Their calls are in no segment from then on:
/// see [`oldest_batch`].
pub async fn drop_oldest(
    tx: &mut Tx,
    expired: &mut Expired,
    limit: u64,
) -> Result<Option<u64>, StoreError> {
    let organization = expired.organization.as_str();
    super::lock(tx, &BTreeSet::from([organization])).await?;
    let chain = read::chain(tx, organization).await?;
    if chain.is_none_or(|chain| chain.anchor.0 != expired.after) {
        return Ok(None);
    }
    let sql = "SELECT MAX(sequence), MAX(hour), CAST(SUM(entries) AS BIGINT) FROM (
            SELECT sequence, hour, entries FROM audit_segments
            WHERE organization = $1 AND sequence > $2 AND sequence <= $3
            ORDER BY sequence LIMIT $4) AS oldest";
    let values = args![organization, expired.after, expired.through, limit];
    let (Some(through), Some(hour), Some(entries)) = tx
        .one::<(Option<u64>, Option<u64>, Option<u64>)>(sql, values)
        .await?
    else {
        return Ok(None);
    };
    let sql = "UPDATE audit_chains SET anchor_sequence = $2,
        anchor_hash = (SELECT hash FROM audit_segments WHERE organization = $1 AND sequence = $2),
        dropped_until = CASE WHEN dropped_until < $3 THEN $3 ELSE dropped_until END
        WHERE organization = $1";
    let until = hour.saturating_add(HOUR);
    tx.execute(sql, args![organization, through, until]).await?;
    for table in ["audit_changes", "audit_segments"] {
        let sql = format!(
            "DELETE FROM {table} WHERE organization = $1 AND sequence > $2 AND sequence <= $3"
        );
        let values = args![organization, expired.after, through];
        tx.execute(sql, values).await?;
    }
    expired.after = through;
    Ok(Some(entries))
}

/// The lowest batch number of any chain's segments: events with a lower one are in no segment.
pub async fn oldest_batch(tx: &mut Tx) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT MIN(batch) FROM audit_segments WHERE batch > 0";
    tx.one(sql, args![]).await
}

/// Entries before this moment may have been dropped from some chain.
pub async fn dropped_until(tx: &mut Tx) -> Result<Timestamp, StoreError> {
    let sql = "SELECT COALESCE(MAX(dropped_until), 0) FROM audit_chains";
    Ok(tx.one::<Seconds>(sql, args![]).await?.0)
}
