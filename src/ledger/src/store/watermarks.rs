//! Retention watermarks: until when rows that are kept for a while have been deleted. A comparison of
//! sums with events must know which rows are missing on purpose.

use super::columns::Seconds;
use super::{StoreError, Tx, args};
use paddock_core::timestamp::Timestamp;

/// Minutes of the rollups.
pub const MINUTES: &str = "rollups of minutes";
/// Hours of the rollups.
pub const HOURS: &str = "rollups of hours";
/// Hours of the latencies.
pub const LATENCIES: &str = "latencies of hours";
/// What end users spent.
pub const USERS: &str = "spend of users";
/// What was spent in hours.
pub const SPEND_HOURS: &str = "spend of hours";
/// Events that could not be read.
pub const REJECTED: &str = "rejected events";
/// Scopes that nobody borrows from.
pub const SCOPES: &str = "unused scopes";

/// Rows from before this moment may be deleted; the epoch if none are.
pub async fn of(tx: &mut Tx, name: &str) -> Result<Timestamp, StoreError> {
    let sql = "SELECT dropped_until FROM horizons WHERE name = $1";
    let until: Option<Seconds> = tx.optional(sql, args![name]).await?;
    Ok(until.map_or(Timestamp::EPOCH, |until| until.0))
}

/// Notes that rows from before a moment are about to be deleted. `false` if that was noted before.
pub async fn advance(tx: &mut Tx, name: &str, until: Timestamp) -> Result<bool, StoreError> {
    let sql = "INSERT INTO horizons (name, dropped_until) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET dropped_until = excluded.dropped_until
        WHERE horizons.dropped_until < excluded.dropped_until";
    Ok(tx.execute(sql, args![name, until.secs()]).await? > 0)
}
