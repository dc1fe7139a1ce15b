//! What is paid in by itself.

use super::columns::moment;
use super::{StoreError, Tx, Value, args};
use crate::model::credits::auto_refill::AutoRefill;
use paddock_core::money::Money;
use std::collections::BTreeSet;

const COLUMNS: &str = "namespace, below, amount, at_most_per_month, auto_refills.created_at, \
    auto_refills.updated_at";

#[derive(sqlx::FromRow)]
struct Row {
    namespace: String,
    below: i64,
    amount: i64,
    at_most_per_month: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<Row> for AutoRefill {
    fn from(row: Row) -> AutoRefill {
        AutoRefill {
            namespace: row.namespace,
            below: Money::from_nanos(row.below),
            amount: Money::from_nanos(row.amount),
            at_most_per_month: Money::from_nanos(row.at_most_per_month),
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
        }
    }
}

/// That of a namespace, where it has one.
///
/// # Errors
/// Where the database refuses.
pub async fn find(tx: &mut Tx, namespace: &str) -> Result<Option<AutoRefill>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM auto_refills WHERE namespace = $1");
    let row: Option<Row> = tx.optional(sql, args![namespace]).await?;
    Ok(row.map(AutoRefill::from))
}

/// Those of namespaces that spend a prepaid balance.
///
/// # Errors
/// Where the database refuses.
pub async fn of_prepaid(
    tx: &mut Tx,
    namespaces: &BTreeSet<String>,
) -> Result<Vec<AutoRefill>, StoreError> {
    let head = format!(
        "SELECT {COLUMNS} FROM auto_refills JOIN namespaces ON name = namespace
        WHERE prepaid AND namespace"
    );
    let names: Vec<Value> = namespaces.iter().map(Value::from).collect();
    let rows: Vec<Row> = tx.among(&head, args![], &names, "").await?;
    Ok(rows.into_iter().map(AutoRefill::from).collect())
}

/// Sets that of a namespace.
///
/// # Errors
/// Where the database refuses.
pub async fn put(tx: &mut Tx, rule: &AutoRefill) -> Result<(), StoreError> {
    let sql = "INSERT INTO auto_refills (namespace, below, amount, at_most_per_month, created_at,
        updated_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (namespace) DO UPDATE SET below = excluded.below, amount = excluded.amount,
            at_most_per_month = excluded.at_most_per_month, updated_at = excluded.updated_at";
    let values = args![
        &rule.namespace,
        rule.below,
        rule.amount,
        rule.at_most_per_month,
        rule.created_at,
        rule.updated_at,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Takes that of a namespace away.
///
/// # Errors
/// Where the database refuses.
pub async fn remove(tx: &mut Tx, namespace: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM auto_refills WHERE namespace = $1";
    tx.execute(sql, args![namespace]).await?;
    Ok(())
}
