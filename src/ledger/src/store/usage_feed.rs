//! What was booked when.

use super::record::record;
use super::reports::{Sums, TOKENS_OF_EVENT};
use super::{Store, StoreError, Tx, args, keys};
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::time::timeout;

/// What was booked of one key and model.
#[derive(Clone, Debug)]
pub struct BookedUsage {
    /// The organization.
    pub organization: String,
    /// The namespace it was served in.
    pub namespace: String,
    /// The key's id.
    pub key: String,
    /// The key's name; its id if the name is not known.
    pub key_name: String,
    /// The model that served it.
    pub model: String,
    /// The sums; without latencies.
    pub sums: Sums,
}

record! {
    BookedUsage { organization, namespace, key, model, sums }
    defaults { key_name }
}

/// Of the advisory locks that bookings under way hold, each on the second it books in.
const LOCK: i32 = 0x6665_6564;
/// How long the connection that writes to SQLite is waited for.
const SQLITE_PATIENCE: Duration = Duration::from_millis(250);

/// Tells who reads the feed that something will be committed as booked in this second. To be called before
/// anything is written, and before anything is waited for.
pub async fn announce(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    // On SQLite one transaction writes at a time, and holds the connection.
    if matches!(tx, Tx::Postgres(_)) {
        let sql = "SELECT 1::BIGINT FROM pg_advisory_xact_lock_shared($1::INTEGER, $2::INTEGER)";
        let second = i64::try_from(now.secs() & 0x7fff_ffff).unwrap_or(0);
        tx.all::<(i64,)>(sql, args![i64::from(LOCK), second])
            .await?;
    }
    Ok(())
}

/// Whether all is committed that will ever be as booked from `start` to `end`, which must be past: then nothing
/// comes late, whichever replica books it.
pub async fn is_settled(
    store: &Store,
    start: Timestamp,
    end: Timestamp,
) -> Result<bool, StoreError> {
    match store {
        Store::Sqlite { .. } => match timeout(SQLITE_PATIENCE, store.write()).await {
            Ok(written) => written.map(|_| true),
            Err(_) => Ok(false),
        },
        Store::Postgres(_) => {
            let sql = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
                AND classid = $1::BIGINT::OID AND objid::BIGINT >= $2 AND objid::BIGINT < $3
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            let values = args![i64::from(LOCK), start.secs(), end.secs()];
            let open: i64 = store.read().await?.one(sql, values).await?;
            Ok(open == 0)
        }
    }
}

/// What was booked from `start` to `end`, by namespace, key and model: of one organization where
/// one is given. Every replica finds the same.
pub async fn booked(
    tx: &mut Tx,
    organization: Option<&str>,
    start: Timestamp,
    end: Timestamp,
) -> Result<Vec<BookedUsage>, StoreError> {
    // An hour in nanoseconds; 'batch > 0' lets SQLite use its index, and a cross join is done there
    // in the order it is written.
    let sql = format!(
        "SELECT e.organization, e.namespace, e.key_id, e.model,
            CAST(SUM(CASE WHEN e.outcome = 'correction' THEN 0 ELSE 1 END) AS BIGINT),
            CAST(SUM({TOKENS_OF_EVENT}) AS BIGINT), CAST(SUM(e.cost) AS BIGINT), CAST(0 AS BIGINT)
        FROM audit_segments AS s CROSS JOIN events AS e
        WHERE s.batch > 0 AND s.recorded_at >= $1 AND s.recorded_at < $2
            AND ($3 = '' OR s.organization = $3)
            AND e.audit_batch = s.batch AND e.namespace = s.namespace
            AND e.organization = s.organization AND e.outcome <> 'refused'
            AND e.started_at >= s.hour * 1000000000
            AND e.started_at < s.hour * 1000000000 + 3600000000000
            AND e.id >= s.first_id AND e.id <= s.last_id
        GROUP BY e.organization, e.namespace, e.key_id, e.model
        ORDER BY e.organization, e.namespace, e.key_id, e.model"
    );
    let values = args![start, end, organization.unwrap_or_default()];
    let mut booked: Vec<BookedUsage> = tx.all(sql, values).await?;
    let ids: BTreeSet<&str> = booked.iter().map(|one| one.key.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let names: HashMap<String, String> = keys::names(tx, &ids).await?.into_iter().collect();
    for one in &mut booked {
        one.key_name = names.get(&one.key).unwrap_or(&one.key).clone();
    }
    Ok(booked)
}
