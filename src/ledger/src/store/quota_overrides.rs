//! Quotas of namespaces that were changed for a while.

use super::columns::moment;
use super::{StoreError, Tx, args};
use crate::model::quota_override::QuotaOverride;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;

const COLUMNS: &str = "namespace, reason, overrides_monthly, monthly_before, overrides_daily, \
    daily_before, created_at, expires_at";

#[derive(sqlx::FromRow)]
struct OverrideRow {
    namespace: String,
    reason: String,
    overrides_monthly: bool,
    monthly_before: Option<i64>,
    overrides_daily: bool,
    daily_before: Option<i64>,
    created_at: i64,
    expires_at: i64,
}

impl From<OverrideRow> for QuotaOverride {
    fn from(row: OverrideRow) -> QuotaOverride {
        let before =
            |overrides: bool, before: Option<i64>| overrides.then(|| before.map(Money::from_nanos));
        QuotaOverride {
            namespace: row.namespace,
            reason: row.reason,
            monthly_before: before(row.overrides_monthly, row.monthly_before),
            daily_before: before(row.overrides_daily, row.daily_before),
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
        }
    }
}

/// That of a namespace.
///
/// # Errors
/// Where the database refuses.
pub async fn find(tx: &mut Tx, namespace: &str) -> Result<Option<QuotaOverride>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM quota_overrides WHERE namespace = $1");
    let row: Option<OverrideRow> = tx.optional(sql, args![namespace]).await?;
    Ok(row.map(QuotaOverride::from))
}

/// Those that are over, the first to end first.
///
/// # Errors
/// Where the database refuses.
pub async fn due(tx: &mut Tx, now: Timestamp) -> Result<Vec<QuotaOverride>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM quota_overrides WHERE expires_at <= $1
        ORDER BY expires_at, namespace"
    );
    let rows: Vec<OverrideRow> = tx.all(sql, args![now]).await?;
    Ok(rows.into_iter().map(QuotaOverride::from).collect())
}

/// Stores the override of a namespace, in the place of the one it had.
///
/// # Errors
/// Where the database refuses.
pub async fn put(tx: &mut Tx, change: &QuotaOverride) -> Result<(), StoreError> {
    remove(tx, &change.namespace).await?;
    let sql =
        format!("INSERT INTO quota_overrides ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    let values = args![
        &change.namespace,
        &change.reason,
        change.monthly_before.is_some(),
        change.monthly_before.flatten(),
        change.daily_before.is_some(),
        change.daily_before.flatten(),
        change.created_at,
        change.expires_at,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Removes the override of a namespace; its quotas stay as they are.
///
/// # Errors
/// Where the database refuses.
pub async fn remove(tx: &mut Tx, namespace: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM quota_overrides WHERE namespace = $1";
    tx.execute(sql, args![namespace]).await?;
    Ok(())
}
