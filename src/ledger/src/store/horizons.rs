//! Until when what is kept for a while has been thrown away: whoever compares sums with events must
//! know what is not there on purpose.

use super::{StoreError, Tx, args, loaded};
use paddock_core::timestamp::Timestamp;

/// Minutes of the rollups.
pub const MINUTES: &str = "rollups of minutes";
/// Hours of the rollups.
pub const HOURS: &str = "rollups of hours";
/// Hours of the latencies.
pub const LATENCIES: &str = "latencies of hours";
/// What end users spent.
pub const USERS: &str = "spend of users";
/// Events that could not be read.
pub const REJECTED: &str = "rejected events";
/// Scopes that nobody borrows from.
pub const SCOPES: &str = "unused scopes";

/// Before this moment it may be gone; the beginning where nothing is.
///
/// # Errors
/// Where the database refuses.
pub async fn of(tx: &mut Tx, name: &str) -> Result<Timestamp, StoreError> {
    let sql = "SELECT dropped_until FROM horizons WHERE name = $1";
    let row: Option<(i64,)> = tx.optional(sql, args![name]).await?;
    let seconds = row.map_or(0, |(seconds,)| loaded(seconds));
    Ok(Timestamp::from_secs(seconds))
}

/// Notes that what is before a moment is about to be thrown away. Whether it was not before.
///
/// # Errors
/// Where the database refuses.
pub async fn advance(tx: &mut Tx, name: &str, until: Timestamp) -> Result<bool, StoreError> {
    let sql = "INSERT INTO horizons (name, dropped_until) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET dropped_until = excluded.dropped_until
        WHERE horizons.dropped_until < excluded.dropped_until";
    Ok(tx.execute(sql, args![name, until.secs()]).await? > 0)
}
