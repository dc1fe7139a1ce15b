//! Budget slices on loan.

use super::record::{record, select};
use super::{StoreError, Tx, args};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One open lease.
#[derive(Clone, Debug)]
pub struct OpenLease {
    /// Its id.
    pub id: i64,
    /// Whose budget it is cut from.
    pub scope: String,
    /// Who holds it.
    pub gateway: String,
    /// When it was opened: it belongs to the day and month of this moment.
    pub opened_at: Timestamp,
    /// All that was ever lent.
    pub lent: Money,
    /// All that was ever given back.
    pub returned: Money,
    /// What the ledger has booked against it.
    pub spent: Money,
    /// When the gateway stops reserving from it.
    pub expires_at: Timestamp,
    /// The end of its period, as the gateway was last told.
    pub period_ends_at: Timestamp,
}

impl OpenLease {
    /// What the gateway may still hold or have spent without having said so.
    pub fn outstanding(&self) -> Money {
        self.lent
            .saturating_sub(self.returned)
            .saturating_sub(self.spent)
            .or_zero()
    }
}

record! {
    OpenLease in "leases" {
        id, scope, gateway, opened_at, lent, returned, spent, expires_at, period_ends_at,
    }
}

/// Locks the lending and booking of scopes until the end of the transaction, always in the same
/// order. Answers until when each is scarce.
pub async fn lock(
    tx: &mut Tx,
    scopes: &BTreeSet<String>,
) -> Result<HashMap<String, Timestamp>, StoreError> {
    let rows = scopes.iter().map(|scope| args![scope, 0_i64]).collect();
    // The update changes nothing, but takes the row's lock on PostgreSQL.
    let tail = "ON CONFLICT (name) DO UPDATE SET scarce_until = scopes.scarce_until
        RETURNING name, scarce_until";
    let head = "INSERT INTO scopes (name, scarce_until)";
    let rows: Vec<(String, Timestamp)> = tx.many(head, rows, tail).await?;
    Ok(rows.into_iter().collect())
}

/// Notes that a scope could not cover a need.
pub async fn mark_scarce(tx: &mut Tx, scope: &str, until: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE scopes SET scarce_until = $2 WHERE name = $1",
        args![scope, until],
    )
    .await?;
    Ok(())
}

/// The open leases of scopes.
pub async fn open_of(
    tx: &mut Tx,
    scopes: &[&str],
) -> Result<HashMap<String, Vec<OpenLease>>, StoreError> {
    let head = select::<OpenLease>("WHERE closed_at IS NULL AND scope");
    let leases: Vec<OpenLease> = tx
        .among(&head, args![], scopes, "ORDER BY opened_at, id")
        .await?;
    let mut open: HashMap<String, Vec<OpenLease>> = HashMap::new();
    for lease in leases {
        open.entry(lease.scope.clone()).or_default().push(lease);
    }
    Ok(open)
}

/// Stores a new lease.
pub async fn insert(tx: &mut Tx, lease: &OpenLease) -> Result<(), StoreError> {
    tx.insert(lease).await
}

/// Lends `more` under an open lease and renews it.
pub async fn grow(tx: &mut Tx, lease: &OpenLease, more: Money) -> Result<(), StoreError> {
    let sql = "UPDATE leases SET lent = lent + $2, expires_at = $3, period_ends_at = $4
        WHERE id = $1";
    tx.execute(
        sql,
        args![lease.id, more, lease.expires_at, lease.period_ends_at],
    )
    .await?;
    Ok(())
}

/// Renews leases, all to the same moments.
pub async fn renew(
    tx: &mut Tx,
    ids: &[i64],
    expires_at: Timestamp,
    period_ends_at: Timestamp,
) -> Result<(), StoreError> {
    let head = "UPDATE leases SET expires_at = $1, period_ends_at = $2 WHERE id";
    tx.among::<()>(head, args![expires_at, period_ends_at], ids, "")
        .await?;
    Ok(())
}

/// The scopes that leases were cut from, open or not.
pub async fn scopes(
    tx: &mut Tx,
    leases: &BTreeMap<i64, Money>,
) -> Result<BTreeSet<String>, StoreError> {
    let head = "SELECT DISTINCT scope FROM leases WHERE id";
    let scopes: Vec<String> = tx.among(head, args![], leases.keys(), "").await?;
    Ok(scopes.into_iter().collect())
}

/// Books costs against leases, open or not. What that makes by scope.
pub async fn add_spent(
    tx: &mut Tx,
    amounts: &BTreeMap<i64, Money>,
) -> Result<BTreeMap<String, Money>, StoreError> {
    let rows = amounts
        .iter()
        .map(|(id, amount)| args![*id, *amount])
        .collect();
    let head = "UPDATE leases SET spent = spent + added.column2 FROM (";
    let tail = ") AS added WHERE leases.id = added.column1 RETURNING id, scope";
    let leases: Vec<(i64, String)> = tx.many(head, rows, tail).await?;
    let mut by_scope: BTreeMap<String, Money> = BTreeMap::new();
    for (id, scope) in leases {
        let spent = by_scope.entry(scope).or_default();
        *spent = spent.saturating_add(amounts.get(&id).copied().unwrap_or_default());
    }
    Ok(by_scope)
}

/// Notes all that was ever given back under leases.
pub async fn set_returned(tx: &mut Tx, amounts: &BTreeMap<i64, Money>) -> Result<(), StoreError> {
    let rows = amounts
        .iter()
        .map(|(id, amount)| args![*id, *amount])
        .collect();
    let head = "UPDATE leases SET returned = given.column2 FROM (";
    let tail = ") AS given WHERE leases.id = given.column1 AND leases.returned < given.column2";
    tx.execute_many(head, rows, tail).await?;
    Ok(())
}

/// Closes leases: what they hold is nobody's any more.
pub async fn close(tx: &mut Tx, ids: &[i64], now: Timestamp) -> Result<(), StoreError> {
    let head = "UPDATE leases SET closed_at = $1 WHERE id";
    tx.among::<()>(head, args![now], ids, "").await?;
    Ok(())
}

/// The scopes of open leases that expired before a moment: at most `limit`.
pub async fn expired_scopes(
    tx: &mut Tx,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT scope FROM leases WHERE closed_at IS NULL AND expires_at < $1
        ORDER BY scope LIMIT $2";
    tx.all(sql, args![before, limit]).await
}

/// Closes the open leases of scopes that expired before a moment; how many. The scopes must be
/// locked.
pub async fn close_expired(
    tx: &mut Tx,
    scopes: &[String],
    before: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let head = "UPDATE leases SET closed_at = $1 WHERE closed_at IS NULL AND expires_at < $2
        AND scope";
    let closed: Vec<(i64,)> = tx
        .among(head, args![now, before], scopes, "RETURNING id")
        .await?;
    Ok(u64::try_from(closed.len()).unwrap_or(u64::MAX))
}

/// Deletes leases that were closed before a moment, at most `limit`; how many. What is spent under
/// them later is booked all the same: a closed lease counts for nothing.
pub async fn delete_closed(tx: &mut Tx, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM leases WHERE id IN (SELECT id FROM leases
        WHERE closed_at IS NOT NULL AND closed_at < $1 LIMIT $2)";
    tx.execute(sql, args![before, limit]).await
}

/// The next scopes after `after` that have no open lease and are not scarce: at most `limit`.
pub async fn unused_scopes(
    tx: &mut Tx,
    after: &str,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT name FROM scopes WHERE name > $1 AND scarce_until < $2 AND NOT EXISTS (
            SELECT 1 FROM leases WHERE leases.scope = scopes.name AND closed_at IS NULL)
        ORDER BY name LIMIT $3";
    tx.all(sql, args![after, now, limit]).await
}

/// Deletes those of some scopes that are unused still; how many. They must be locked.
pub async fn delete_unused_scopes(
    tx: &mut Tx,
    scopes: &[String],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let head = "DELETE FROM scopes WHERE scarce_until < $1 AND NOT EXISTS (
            SELECT 1 FROM leases WHERE leases.scope = scopes.name AND closed_at IS NULL)
        AND name";
    let gone: Vec<(String,)> = tx.among(head, args![now], scopes, "RETURNING name").await?;
    Ok(u64::try_from(gone.len()).unwrap_or(u64::MAX))
}

/// What a gateway has on open leases.
#[derive(Clone, Debug)]
pub struct Lent {
    /// The gateway.
    pub gateway: String,
    /// How many leases.
    pub leases: u64,
    /// What they are of, less what was given back.
    pub lent: Money,
    /// What of that is spent.
    pub spent: Money,
}

record! { Lent { gateway, leases, lent, spent } }

/// What gateways have on open leases, by name.
pub async fn lent(tx: &mut Tx) -> Result<Vec<Lent>, StoreError> {
    let sql = "SELECT gateway, CAST(COUNT(*) AS BIGINT), CAST(SUM(lent - returned) AS BIGINT),
            CAST(SUM(spent) AS BIGINT)
        FROM leases WHERE closed_at IS NULL GROUP BY gateway ORDER BY gateway";
    tx.all(sql, args![]).await
}

/// The scopes that leases were cut from, open or not, by the leases' ids.
pub async fn scopes_of(tx: &mut Tx, ids: &[i64]) -> Result<Vec<(i64, String)>, StoreError> {
    let head = "SELECT id, scope FROM leases WHERE id";
    tx.among(head, args![], ids, "ORDER BY scope").await
}
