//! Shares of rates and slots that gateways have.

use super::{StoreError, Tx, args};
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The last term of a gateway: its epoch, and when it ends.
pub async fn term_of(tx: &mut Tx, gateway: &str) -> Result<Option<(u64, Timestamp)>, StoreError> {
    let sql = "SELECT epoch, until FROM gateway_terms WHERE gateway = $1";
    let terms: Vec<(u64, Timestamp)> = tx.all(sql, args![gateway]).await?;
    Ok(terms.first().copied())
}

/// Renews the term of a gateway until a moment, or begins a new one where it has ended by `now`. Its epoch.
pub async fn renew_term(
    tx: &mut Tx,
    gateway: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "INSERT INTO gateway_terms (gateway, epoch, until) VALUES ($1, 1, $2)
        ON CONFLICT (gateway) DO UPDATE SET until = $2, epoch = gateway_terms.epoch
            + CASE WHEN gateway_terms.until > $3 THEN 0 ELSE 1 END
        RETURNING epoch";
    let epochs: Vec<(u64,)> = tx.all(sql, args![gateway, until, now]).await?;
    Ok(epochs.first().map_or(0, |(epoch,)| *epoch))
}

/// The terms that end after a moment: gateway, epoch, end.
pub async fn terms(
    tx: &mut Tx,
    after: Timestamp,
) -> Result<Vec<(String, u64, Timestamp)>, StoreError> {
    let sql = "SELECT gateway, epoch, until FROM gateway_terms WHERE until > $1 ORDER BY gateway";
    tx.all(sql, args![after]).await
}

/// Who had a term that ends after a moment.
pub struct Heard {
    /// The gateway.
    pub gateway: String,
    /// When its term ends.
    pub until: Timestamp,
    /// Its filter's version, if it says one.
    pub version: Option<String>,
    /// The version of the protocol that it and the service spoke.
    pub protocol: Option<u64>,
}

/// The gateways with terms that end after a moment.
pub async fn heard(tx: &mut Tx, after: Timestamp) -> Result<Vec<Heard>, StoreError> {
    let sql = "SELECT gateway, until, version, protocol FROM gateway_terms WHERE until > $1
        ORDER BY gateway";
    let rows: Vec<(String, Timestamp, Option<String>, Option<u64>)> =
        tx.all(sql, args![after]).await?;
    let heard = rows.into_iter();
    let heard = heard.map(|(gateway, until, version, protocol)| Heard {
        gateway,
        until,
        version,
        protocol,
    });
    Ok(heard.collect())
}

/// Keeps which filter a gateway with a term has, where that is another than before.
pub async fn set_build(
    tx: &mut Tx,
    gateway: &str,
    version: Option<&str>,
    protocol: u64,
) -> Result<(), StoreError> {
    let sql = "UPDATE gateway_terms SET version = $2, protocol = $3 WHERE gateway = $1
        AND (version IS DISTINCT FROM $2 OR protocol IS DISTINCT FROM $3)";
    tx.execute(sql, args![gateway, version, protocol]).await?;
    Ok(())
}

/// Forgets terms that ended before a moment, and what those gateways have yet to confirm.
pub async fn forget_terms(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let changes = "DELETE FROM share_changes WHERE gateway IN
        (SELECT gateway FROM gateway_terms WHERE until < $1)";
    tx.execute(changes, args![before]).await?;
    let terms = "DELETE FROM gateway_terms WHERE until < $1";
    tx.execute(terms, args![before]).await
}

/// Locks the divisions of scopes until the end of the transaction, always in the same order. A scope that
/// has none gets an empty one.
pub async fn lock(
    tx: &mut Tx,
    scopes: &BTreeSet<&str>,
    now: Timestamp,
) -> Result<BTreeMap<String, String>, StoreError> {
    let rows = scopes.iter().map(|scope| args![*scope, "", now]).collect();
    let head = "INSERT INTO scope_shares (scope, division, touched_at)";
    let tail = "ON CONFLICT (scope) DO UPDATE SET touched_at = excluded.touched_at
        RETURNING scope, division";
    let rows: Vec<(String, String)> = tx.many(head, rows, tail).await?;
    Ok(rows.into_iter().collect())
}

/// The divisions of scopes, to be looked at alone.
pub async fn read(tx: &mut Tx, scopes: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    let head = "SELECT scope, division FROM scope_shares WHERE scope";
    tx.among(head, args![], scopes, "ORDER BY scope").await
}

/// Writes divisions that were locked.
pub async fn write(tx: &mut Tx, divisions: &BTreeMap<String, String>) -> Result<(), StoreError> {
    let rows = divisions
        .iter()
        .map(|(scope, division)| args![scope, division])
        .collect();
    let head = "UPDATE scope_shares SET division = changed.column2 FROM (";
    let tail = ") AS changed WHERE scope_shares.scope = changed.column1 RETURNING scope";
    let _: Vec<(String,)> = tx.many(head, rows, tail).await?;
    Ok(())
}

/// Removes divisions of which nothing is left.
pub async fn remove(tx: &mut Tx, scopes: &[String]) -> Result<(), StoreError> {
    let head = "DELETE FROM scope_shares WHERE scope";
    tx.among::<()>(head, args![], scopes, "").await?;
    Ok(())
}

/// Scopes whose divisions nobody has touched since a moment: at most `limit`.
pub async fn untouched(
    tx: &mut Tx,
    since: Timestamp,
    limit: u64,
) -> Result<Vec<(String,)>, StoreError> {
    let sql =
        "SELECT scope FROM scope_shares WHERE touched_at < $1 ORDER BY touched_at, scope LIMIT $2";
    tx.all(sql, args![since, limit]).await
}

/// Notes that gateways have a change of their share of a scope to confirm.
pub async fn add_changes(
    tx: &mut Tx,
    changes: &BTreeSet<(String, String)>,
) -> Result<(), StoreError> {
    let rows = changes
        .iter()
        .map(|(gateway, scope)| args![gateway, scope])
        .collect();
    let head = "INSERT INTO share_changes (gateway, scope)";
    let tail = "ON CONFLICT (gateway, scope) DO NOTHING RETURNING scope";
    let _: Vec<(String,)> = tx.many(head, rows, tail).await?;
    Ok(())
}

/// The scopes of which a gateway has a change to confirm: at most `limit`.
pub async fn changes_of(tx: &mut Tx, gateway: &str, limit: u64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT scope FROM share_changes WHERE gateway = $1 ORDER BY scope LIMIT $2";
    let scopes: Vec<(String,)> = tx.all(sql, args![gateway, limit]).await?;
    Ok(scopes.into_iter().map(|(scope,)| scope).collect())
}

/// A gateway has confirmed all changes of its shares of these scopes.
pub async fn confirm(tx: &mut Tx, gateway: &str, scopes: &[String]) -> Result<(), StoreError> {
    let head = "DELETE FROM share_changes WHERE gateway = $1 AND scope";
    tx.among::<()>(head, args![gateway], scopes, "").await?;
    Ok(())
}
