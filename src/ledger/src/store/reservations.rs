//! Reservations: money of a namespace set aside under a name.

use super::record::{record, select};
use super::{StoreError, Tx, args};
use crate::model::Reservation;
use paddock_core::money::Money;
use paddock_core::policy::{ReservationName, is_reservation_scope};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;

record! { ReservationName { namespace, id } }

record! {
    Reservation in "reservations" {
        scope, name, life, amount, spent, created_at, expires_at, ended_at,
    }
    reads {
        organization = "(SELECT organization FROM namespaces WHERE name = namespace)",
    }
}

/// The newest reservation of that name, open or not.
pub async fn newest(
    tx: &mut Tx,
    namespace: &str,
    id: &str,
) -> Result<Option<Reservation>, StoreError> {
    let sql = select::<Reservation>("WHERE namespace = $1 AND id = $2 ORDER BY life DESC LIMIT 1");
    tx.optional(sql, args![namespace, id]).await
}

/// The reservations of those scopes.
pub async fn of_scopes(tx: &mut Tx, scopes: &[String]) -> Result<Vec<Reservation>, StoreError> {
    let head = select::<Reservation>("WHERE scope");
    Ok(unique(tx.among(&head, args![], scopes, "").await?))
}

/// Those that keep money from some namespaces or organizations: open, or out on loan still.
pub async fn unsettled(
    tx: &mut Tx,
    namespaces: &[&str],
    organizations: &[&str],
) -> Result<Vec<Reservation>, StoreError> {
    let head = select::<Reservation>("WHERE settled_at IS NULL AND namespace");
    let mut found: Vec<Reservation> = tx.among(&head, args![], namespaces, "").await?;
    let head = format!("{head} IN (SELECT name FROM namespaces WHERE organization");
    found.extend(
        tx.among::<Reservation>(&head, args![], organizations, ")")
            .await?,
    );
    Ok(unique(found))
}

/// At most `limit` open reservations of a namespace after the id `after`, in the order of their ids.
pub async fn open(
    tx: &mut Tx,
    namespace: &str,
    after: &str,
    limit: u64,
    now: Timestamp,
) -> Result<Vec<Reservation>, StoreError> {
    let sql = select::<Reservation>(
        "WHERE namespace = $1 AND id > $2 AND settled_at IS NULL AND ended_at IS NULL
        AND expires_at > $3 ORDER BY id LIMIT $4",
    );
    tx.all(sql, args![namespace, after, now, limit]).await
}

/// How many reservations of a namespace are open.
pub async fn count_open(tx: &mut Tx, namespace: &str, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM reservations WHERE namespace = $1 AND settled_at IS NULL
        AND ended_at IS NULL AND expires_at > $2";
    tx.one(sql, args![namespace, now]).await
}

/// Stores a new reservation.
pub async fn insert(tx: &mut Tx, reservation: &Reservation) -> Result<(), StoreError> {
    tx.insert(reservation).await
}

/// Notes that a reservation has ended: it never lends again, whatever the clock says.
pub async fn end(tx: &mut Tx, scope: &str, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE reservations SET ended_at = $2 WHERE scope = $1 AND ended_at IS NULL";
    tx.execute(sql, args![scope, at]).await?;
    Ok(())
}

/// Notes that nobody holds anything of reservations that have ended.
pub async fn settle(tx: &mut Tx, scopes: &[String], now: Timestamp) -> Result<(), StoreError> {
    let head = "UPDATE reservations SET settled_at = $1 WHERE ended_at IS NOT NULL AND scope";
    tx.among::<()>(head, args![now], scopes, "").await?;
    Ok(())
}

/// Books what was spent, by scope; scopes that are no reservations are passed over.
pub async fn add_spent(tx: &mut Tx, amounts: &BTreeMap<String, Money>) -> Result<(), StoreError> {
    for (scope, amount) in amounts {
        if is_reservation_scope(scope) {
            let sql = "UPDATE reservations SET spent = spent + $2 WHERE scope = $1";
            tx.execute(sql, args![scope, amount]).await?;
        }
    }
    Ok(())
}

/// Of each reservation one: `among` may name a value twice, and a namespace may be asked for beside
/// its organization.
fn unique(rows: Vec<Reservation>) -> Vec<Reservation> {
    let found = rows.into_iter().map(|row| (row.scope.clone(), row));
    let found: BTreeMap<String, Reservation> = found.collect();
    found.into_values().collect()
}
