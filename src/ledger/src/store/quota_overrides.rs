//! Temporary overrides of namespaces' quotas.

use super::columns::{Bind, Columns, Row, Sink};
use super::record::{Record, select};
use super::{Store, StoreError, Tx, args};
use crate::model::quota_override::QuotaOverride;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;

impl Record for QuotaOverride {
    const TABLE: &'static str = "quota_overrides";
}

/// A quota that comes back has two columns: whether there is one, and what it was.
impl Bind for QuotaOverride {
    fn bind(&self, to: &mut impl Sink) {
        self.namespace.bind(to);
        self.reason.bind(to);
        for before in [self.monthly_before, self.daily_before] {
            before.is_some().bind(to);
            before.flatten().bind(to);
        }
        self.created_at.bind(to);
        self.expires_at.bind(to);
    }

    fn null(_: &mut impl Sink) {}
}

impl Row for QuotaOverride {
    fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
        let before = |(is_changed, before): (bool, Option<Money>)| is_changed.then_some(before);
        Ok(QuotaOverride {
            namespace: columns.read()?,
            reason: columns.read()?,
            monthly_before: before(columns.read()?),
            daily_before: before(columns.read()?),
            created_at: columns.read()?,
            expires_at: columns.read()?,
        })
    }

    fn names(_: &'static str, names: &mut Vec<&'static str>) {
        names.extend(["namespace", "reason", "overrides_monthly", "monthly_before"]);
        names.extend([
            "overrides_daily",
            "daily_before",
            "created_at",
            "expires_at",
        ]);
    }
}

/// The override of a namespace.
pub async fn find(tx: &mut Tx, namespace: &str) -> Result<Option<QuotaOverride>, StoreError> {
    let sql = select::<QuotaOverride>("WHERE namespace = $1");
    tx.optional(sql, args![namespace]).await
}

/// Whether an override has ended: one look into an index, outside of any transaction.
pub async fn is_any_due(store: &Store, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM quota_overrides WHERE expires_at <= $1)";
    let now = super::stored(now.nanos());
    Ok(match store {
        Store::Sqlite { read, .. } => sqlx::query_scalar(sql).bind(now).fetch_one(read).await?,
        Store::Postgres(pool) => sqlx::query_scalar(sql).bind(now).fetch_one(pool).await?,
    })
}

/// The overrides that have ended, the first to end first.
pub async fn due(tx: &mut Tx, now: Timestamp) -> Result<Vec<QuotaOverride>, StoreError> {
    let sql = select::<QuotaOverride>("WHERE expires_at <= $1 ORDER BY expires_at, namespace");
    tx.all(sql, args![now]).await
}

/// Stores the override of a namespace, in place of the one it had.
pub async fn put(tx: &mut Tx, change: &QuotaOverride) -> Result<(), StoreError> {
    remove(tx, &change.namespace).await?;
    tx.insert(change).await
}

/// Removes the override of a namespace; its quotas stay as they are.
pub async fn remove(tx: &mut Tx, namespace: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM quota_overrides WHERE namespace = $1";
    tx.execute(sql, args![namespace]).await?;
    Ok(())
}
