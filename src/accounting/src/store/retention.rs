//! Deleting sums that are too old: of one key, namespace or scope at a time, as their tables are
//! ordered.

use super::reports::TOKENS;
use super::{StoreError, Tx, args, horizons};
use paddock_core::timestamp::Timestamp;

/// The next key, namespace or scope after `after` that has any of what a horizon is of; of scopes, any
/// from before `until`.
///
/// # Errors
/// Where the database refuses.
pub async fn next(
    tx: &mut Tx,
    horizon: &str,
    after: &str,
    until: Timestamp,
) -> Result<Option<String>, StoreError> {
    let (column, from) = match horizon {
        horizons::MINUTES => ("key_id", "rollups WHERE granularity = 60"),
        horizons::HOURS => ("key_id", "rollups WHERE granularity = 3600"),
        horizons::LATENCIES => ("namespace", "latencies WHERE granularity = 3600"),
        _ => (
            "scope",
            "spend WHERE scope LIKE 'user:%' AND starts_at < $2",
        ),
    };
    let sql = format!("SELECT {column} FROM {from} AND {column} > $1 ORDER BY {column} LIMIT 1");
    let mut values = args![after];
    if horizon == horizons::USERS {
        values.extend(args![until.secs()]);
    }
    let row: Option<(String,)> = tx.optional(sql, values).await?;
    Ok(row.map(|(name,)| name))
}

/// Deletes what one of them has from before `until`; how many rows.
///
/// # Errors
/// Where the database refuses.
pub async fn delete(
    tx: &mut Tx,
    horizon: &str,
    name: &str,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let from = match horizon {
        horizons::MINUTES => {
            keep_peaks(tx, name, until).await?;
            "rollups WHERE granularity = 60 AND key_id = $1"
        }
        horizons::HOURS => "rollups WHERE granularity = 3600 AND key_id = $1",
        horizons::LATENCIES => "latencies WHERE granularity = 3600 AND namespace = $1",
        _ => "spend WHERE scope = $1",
    };
    let sql = format!("DELETE FROM {from} AND starts_at < $2");
    tx.execute(sql, args![name, until.secs()]).await
}

/// Keeps of the minutes of a key that are about to go the most of any one, by day.
async fn keep_peaks(tx: &mut Tx, key: &str, until: Timestamp) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO peaks (key_id, starts_at, requests, tokens)
        SELECT key_id, starts_at / 86400 * 86400, MAX(requests), MAX(tokens)
        FROM (SELECT key_id, starts_at, CAST(SUM(requests) AS BIGINT) AS requests,
                CAST(SUM({TOKENS}) AS BIGINT) AS tokens
            FROM rollups WHERE granularity = 60 AND key_id = $1 AND starts_at < $2
            GROUP BY key_id, starts_at) AS minutes
        GROUP BY key_id, starts_at / 86400 * 86400
        ON CONFLICT (key_id, starts_at) DO UPDATE SET
            requests = CASE WHEN excluded.requests > peaks.requests
                THEN excluded.requests ELSE peaks.requests END,
            tokens = CASE WHEN excluded.tokens > peaks.tokens
                THEN excluded.tokens ELSE peaks.tokens END"
    );
    tx.execute(sql, args![key, until.secs()]).await?;
    Ok(())
}
