//! Reservations: money of a namespace set aside under a name.

use super::columns::moment;
use super::{StoreError, Tx, Value, args, loaded};
use crate::model::records::Reservation;
use paddock_core::money::Money;
use paddock_core::policy::{ReservationName, is_reservation_scope};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;

const COLUMNS: &str = "r.scope, r.namespace, r.id, r.life, r.amount, r.spent, r.created_at, \
    r.expires_at, r.ended_at, n.organization";
const FROM: &str = "FROM reservations r JOIN namespaces n ON n.name = r.namespace";

#[derive(sqlx::FromRow)]
struct ReservationRow {
    scope: String,
    namespace: String,
    id: String,
    life: i64,
    amount: i64,
    spent: i64,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    organization: String,
}

impl From<ReservationRow> for Reservation {
    fn from(row: ReservationRow) -> Reservation {
        Reservation {
            scope: row.scope,
            name: ReservationName {
                namespace: row.namespace,
                id: row.id,
            },
            organization: row.organization,
            life: loaded(row.life),
            amount: Money::from_nanos(row.amount),
            spent: Money::from_nanos(row.spent),
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
            ended_at: row.ended_at.map(moment),
        }
    }
}

/// The newest reservation of that name, open or not.
///
/// # Errors
/// Where the database refuses.
pub async fn newest(
    tx: &mut Tx,
    namespace: &str,
    id: &str,
) -> Result<Option<Reservation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE r.namespace = $1 AND r.id = $2 ORDER BY r.life DESC LIMIT 1"
    );
    let row: Option<ReservationRow> = tx.optional(sql, args![namespace, id]).await?;
    Ok(row.map(Reservation::from))
}

/// The reservations of those scopes.
///
/// # Errors
/// Where the database refuses.
pub async fn of_scopes(tx: &mut Tx, scopes: &[String]) -> Result<Vec<Reservation>, StoreError> {
    let head = format!("SELECT {COLUMNS} {FROM} WHERE r.scope");
    let scopes: Vec<Value> = scopes.iter().map(Value::from).collect();
    let rows: Vec<ReservationRow> = tx.among(&head, args![], &scopes, "").await?;
    Ok(unique(rows))
}

/// Those that keep money from some namespaces or organizations: open, or out on loan still.
///
/// # Errors
/// Where the database refuses.
pub async fn unsettled(
    tx: &mut Tx,
    namespaces: &[&str],
    organizations: &[&str],
) -> Result<Vec<Reservation>, StoreError> {
    let mut found = Vec::new();
    for (column, names) in [
        ("r.namespace", namespaces),
        ("n.organization", organizations),
    ] {
        let head = format!("SELECT {COLUMNS} {FROM} WHERE r.settled_at IS NULL AND {column}");
        let names: Vec<Value> = names.iter().map(|name| Value::from(*name)).collect();
        found.extend(
            tx.among::<ReservationRow>(&head, args![], &names, "")
                .await?,
        );
    }
    Ok(unique(found))
}

/// At most `limit` open reservations of a namespace after the id `after`, in the order of their ids.
///
/// # Errors
/// Where the database refuses.
pub async fn open(
    tx: &mut Tx,
    namespace: &str,
    after: &str,
    limit: u64,
    now: Timestamp,
) -> Result<Vec<Reservation>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE r.namespace = $1 AND r.id > $2 AND r.settled_at IS NULL
        AND r.ended_at IS NULL AND r.expires_at > $3 ORDER BY r.id LIMIT $4"
    );
    let rows: Vec<ReservationRow> = tx.all(sql, args![namespace, after, now, limit]).await?;
    Ok(rows.into_iter().map(Reservation::from).collect())
}

/// How many reservations of a namespace are open.
///
/// # Errors
/// Where the database refuses.
pub async fn count_open(tx: &mut Tx, namespace: &str, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM reservations WHERE namespace = $1 AND settled_at IS NULL
        AND ended_at IS NULL AND expires_at > $2";
    let (count,): (i64,) = tx.one(sql, args![namespace, now]).await?;
    Ok(loaded(count))
}

/// Stores a new reservation.
///
/// # Errors
/// Where the database refuses.
pub async fn insert(tx: &mut Tx, reservation: &Reservation) -> Result<(), StoreError> {
    let sql = "INSERT INTO reservations (scope, namespace, id, life, amount, spent, created_at,
        expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = args![
        &reservation.scope,
        &reservation.name.namespace,
        &reservation.name.id,
        reservation.life,
        reservation.amount,
        reservation.spent,
        reservation.created_at,
        reservation.expires_at,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Notes that a reservation has ended: it never lends again, whatever the clock says.
///
/// # Errors
/// Where the database refuses.
pub async fn end(tx: &mut Tx, scope: &str, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE reservations SET ended_at = $2 WHERE scope = $1 AND ended_at IS NULL";
    tx.execute(sql, args![scope, at]).await?;
    Ok(())
}

/// Notes that nobody holds anything of reservations that have ended.
///
/// # Errors
/// Where the database refuses.
pub async fn settle(tx: &mut Tx, scopes: &[String], now: Timestamp) -> Result<(), StoreError> {
    let scopes: Vec<Value> = scopes.iter().map(Value::from).collect();
    let head = "UPDATE reservations SET settled_at = $1 WHERE ended_at IS NOT NULL AND scope";
    tx.among::<()>(head, args![now], &scopes, "").await?;
    Ok(())
}

/// Books what was spent, by scope; what is no reservation is passed over.
///
/// # Errors
/// Where the database refuses.
pub async fn add_spent(tx: &mut Tx, amounts: &BTreeMap<String, Money>) -> Result<(), StoreError> {
    for (scope, amount) in amounts {
        if is_reservation_scope(scope) {
            let sql = "UPDATE reservations SET spent = spent + $2 WHERE scope = $1";
            tx.execute(sql, args![scope, *amount]).await?;
        }
    }
    Ok(())
}

/// Of each reservation one: `among` may name a value twice, and a namespace may be asked for beside
/// its organization.
fn unique(rows: Vec<ReservationRow>) -> Vec<Reservation> {
    let found = rows.into_iter().map(|row| (row.scope.clone(), row.into()));
    let found: BTreeMap<String, Reservation> = found.collect();
    found.into_values().collect()
}
