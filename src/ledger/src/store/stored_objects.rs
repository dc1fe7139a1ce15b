//! Who made what a provider has stored.

use super::columns::Seconds;
use super::{StoreError, Tx, args};
use crate::model::period::{DAY, start_of};
use paddock_core::stored::StoredId;
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;

/// Who has made an object, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    /// The namespace; empty if several have.
    pub namespace: String,
    /// When.
    pub made_at: Timestamp,
}

/// Whose an object is to the namespace that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The object.
    pub id: StoredId,
    /// Whether that namespace made it: not one that had its name before, and no other as well.
    pub is_own: bool,
    /// Whether several have made it.
    pub is_disputed: bool,
    /// The first second of the day on which it was last seen.
    pub seen_at: Timestamp,
}

/// Adds what was made. An object that another namespace has made too is nobody's from now on.
pub async fn add(
    tx: &mut Tx,
    made: &BTreeMap<StoredId, Maker>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let today = Seconds(start_of(DAY, now));
    // In the order of their ids, so that two transactions never wait for each other.
    let rows = made
        .iter()
        .map(|(id, maker)| args![id, maker.namespace, maker.made_at, today]);
    let head = "INSERT INTO stored_objects (id, namespace, made_at, seen_at)";
    let tail = "ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at,
            namespace = CASE WHEN stored_objects.namespace = excluded.namespace
                THEN excluded.namespace ELSE '' END
        WHERE stored_objects.namespace NOT IN (excluded.namespace, '')
            OR stored_objects.seen_at < excluded.seen_at";
    tx.execute_many(head, rows.collect(), tail).await?;
    Ok(())
}

/// Those of some objects that anybody has made.
pub async fn find(
    tx: &mut Tx,
    namespace: &str,
    ids: &[StoredId],
) -> Result<Vec<Found>, StoreError> {
    let head = "SELECT id, seen_at, namespace = '', EXISTS (SELECT 1 FROM namespaces
            WHERE name = stored_objects.namespace AND name = $1
            AND created_at <= stored_objects.made_at)
        FROM stored_objects WHERE id";
    let rows: Vec<(StoredId, Seconds, bool, bool)> =
        tx.among(head, args![namespace], ids, "").await?;
    let found = rows
        .into_iter()
        .map(|(id, seen_at, is_disputed, is_own)| Found {
            id,
            is_own,
            is_disputed,
            seen_at: seen_at.0,
        });
    Ok(found.collect())
}

/// Notes that objects were seen today.
pub async fn see(tx: &mut Tx, ids: &[StoredId], now: Timestamp) -> Result<(), StoreError> {
    let today = Seconds(start_of(DAY, now));
    let head = "UPDATE stored_objects SET seen_at = $1 WHERE seen_at < $1 AND id";
    tx.among::<()>(head, args![today], ids, "").await?;
    Ok(())
}

/// Forgets objects that were last seen before a day, at most `limit`; how many.
pub async fn delete_unseen(tx: &mut Tx, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM stored_objects WHERE id IN (SELECT id FROM stored_objects
        WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)";
    tx.execute(sql, args![Seconds(before), limit]).await
}
