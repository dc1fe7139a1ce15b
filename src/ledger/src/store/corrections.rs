//! Corrections.

use super::record::{record, select};
use super::{StoreError, Tx, args};
use crate::model::correction::Correction;
use crate::store::costs::Reach;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;

record! {
    Correction in "corrections" {
        id, reference, organization, namespace, key_id, model, end_user, corrects, applies_at, amount,
        reason, author, created_at, budgets,
    }
}

/// Stores a new correction.
///
/// # Errors
/// [`StoreError::is_duplicate`] if there is one of that reference.
pub async fn insert(tx: &mut Tx, correction: &Correction) -> Result<(), StoreError> {
    tx.insert(correction).await
}

/// The correction of that reference.
pub async fn by_reference(tx: &mut Tx, reference: &str) -> Result<Option<Correction>, StoreError> {
    let sql = select::<Correction>("WHERE reference = $1");
    tx.optional(sql, args![reference]).await
}

/// The sum of the corrections of a call.
pub async fn sum_of_call(tx: &mut Tx, event_id: &str) -> Result<Money, StoreError> {
    let sql =
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM corrections WHERE corrects = $1";
    tx.one(sql, args![event_id]).await
}

/// At most `limit` corrections, the newest first: those before `after`, or all.
pub async fn list(
    tx: &mut Tx,
    reach: &Reach,
    after: &str,
    limit: u64,
) -> Result<Vec<Correction>, StoreError> {
    let sql = select::<Correction>(
        "WHERE ($1 = '' OR organization = $1) AND ($2 = '' OR namespace = $2)
            AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4",
    );
    let values = args![
        reach.organization.as_deref().unwrap_or_default(),
        reach.namespace.as_deref().unwrap_or_default(),
        after,
        limit
    ];
    tx.all(sql, values).await
}

/// Those that apply to a time or were created in it, its end excluded.
pub async fn between(
    tx: &mut Tx,
    start: Timestamp,
    end: Timestamp,
) -> Result<Vec<Correction>, StoreError> {
    let sql = select::<Correction>(
        "WHERE (applies_at >= $1 AND applies_at < $2) OR (created_at >= $1 AND created_at < $2)
        ORDER BY id",
    );
    tx.all(sql, args![start, end]).await
}
