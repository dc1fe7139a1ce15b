//! Deleting sums that are too old: rollups in the order of time, as their table is, and latencies and
//! spend of one namespace or scope at a time, as theirs are.

use super::reports::TOKENS;
use super::{StoreError, Tx, args, stored, watermarks};
use crate::model::calendar::HOURS;
use crate::model::period::{DAY, HOUR, MINUTE};
use paddock_core::timestamp::Timestamp;

/// Minutes deleted in one transaction. Of hours it is one: each is a row of every key and model in use.
const MINUTES_AT_ONCE: i64 = 10;

/// Deletes the oldest rollups of minutes or of hours that begin at `after` or later and before `until`;
/// the end of those that went, and how many. `None` if there are none.
pub async fn delete_oldest(
    tx: &mut Tx,
    watermark: &str,
    (after, until): (i64, Timestamp),
) -> Result<Option<(i64, u64)>, StoreError> {
    let (granularity, length) = match watermark {
        watermarks::MINUTES => (MINUTE, stored(MINUTE).saturating_mul(MINUTES_AT_ONCE)),
        _ => (HOUR, stored(HOUR)),
    };
    let sql = "SELECT MIN(starts_at) FROM rollups
        WHERE granularity = $1 AND starts_at >= $2 AND starts_at < $3";
    let values = args![granularity, after, until.secs()];
    let (first,): (Option<i64>,) = tx.one(sql, values).await?;
    let Some(first) = first else {
        return Ok(None);
    };
    let end = first.saturating_add(length).min(stored(until.secs()));
    if granularity == MINUTE {
        keep_peaks(tx, first, end).await?;
    }
    let sql = "DELETE FROM rollups WHERE granularity = $1 AND starts_at >= $2 AND starts_at < $3";
    let gone = tx.execute(sql, args![granularity, first, end]).await?;
    Ok(Some((end, gone)))
}

/// The next namespace or scope after `after` that has rows the watermark is about; of scopes, rows
/// from before `until`.
pub async fn next(
    tx: &mut Tx,
    watermark: &str,
    after: &str,
    until: Timestamp,
) -> Result<Option<String>, StoreError> {
    let (column, from) = match watermark {
        watermarks::LATENCIES => ("namespace", "latencies WHERE granularity = 3600"),
        _ => (
            "scope",
            "spend WHERE scope LIKE 'user:%' AND starts_at < $2",
        ),
    };
    let sql = format!("SELECT {column} FROM {from} AND {column} > $1 ORDER BY {column} LIMIT 1");
    let mut values = args![after];
    if watermark == watermarks::USERS {
        values.extend(args![until.secs()]);
    }
    let row: Option<(String,)> = tx.optional(sql, values).await?;
    Ok(row.map(|(name,)| name))
}

/// Deletes what one of them has from before `until`; how many rows.
pub async fn delete(
    tx: &mut Tx,
    watermark: &str,
    name: &str,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let from = match watermark {
        watermarks::LATENCIES => "latencies WHERE granularity = 3600 AND namespace = $1",
        _ => "spend WHERE scope = $1",
    };
    let sql = format!("DELETE FROM {from} AND starts_at < $2");
    tx.execute(sql, args![name, until.secs()]).await
}

/// Deletes what was spent in the hours of a UTC day; how many rows.
pub async fn delete_spend_hours(tx: &mut Tx, day: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM spend WHERE starts_at / 86400 = $1 AND period = $2";
    tx.execute(sql, args![day.secs() / DAY, HOURS]).await
}

/// Keeps of minutes that are about to go the most of any one of each key, by day.
async fn keep_peaks(tx: &mut Tx, start: i64, end: i64) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO peaks (key_id, starts_at, requests, tokens)
        SELECT key_id, starts_at / 86400 * 86400, MAX(requests), MAX(tokens)
        FROM (SELECT key_id, starts_at, CAST(SUM(requests) AS BIGINT) AS requests,
                CAST(SUM({TOKENS}) AS BIGINT) AS tokens
            FROM rollups WHERE granularity = 60 AND starts_at >= $1 AND starts_at < $2
            GROUP BY key_id, starts_at) AS minutes
        GROUP BY key_id, starts_at / 86400 * 86400
        ON CONFLICT (key_id, starts_at) DO UPDATE SET
            requests = CASE WHEN excluded.requests > peaks.requests
                THEN excluded.requests ELSE peaks.requests END,
            tokens = CASE WHEN excluded.tokens > peaks.tokens
                THEN excluded.tokens ELSE peaks.tokens END
            WHERE excluded.requests > peaks.requests OR excluded.tokens > peaks.tokens"
    );
    tx.execute(sql, args![start, end]).await?;
    Ok(())
}
