//! Rules of auto-refill.

use super::record::{columns, or_replace, record, select};
use super::{StoreError, Tx, args};
use crate::model::credits::auto_refill::AutoRefill;
use std::collections::BTreeSet;

record! {
    AutoRefill in "auto_refills" {
        namespace, below, amount, at_most_per_month, created_at, updated_at,
    }
}

/// The rule of a namespace.
pub async fn find(tx: &mut Tx, namespace: &str) -> Result<Option<AutoRefill>, StoreError> {
    let sql = select::<AutoRefill>("WHERE namespace = $1");
    tx.optional(sql, args![namespace]).await
}

/// The rules of those namespaces that spend a prepaid balance.
pub async fn of_prepaid(
    tx: &mut Tx,
    namespaces: &BTreeSet<String>,
) -> Result<Vec<AutoRefill>, StoreError> {
    let head = select::<AutoRefill>(
        "WHERE namespace IN (SELECT name FROM namespaces WHERE prepaid) AND namespace",
    );
    tx.among(&head, args![], namespaces, "ORDER BY namespace")
        .await
}

/// Sets the rule of a namespace.
pub async fn put(tx: &mut Tx, rule: &AutoRefill) -> Result<(), StoreError> {
    let tail = or_replace(&["namespace"], &columns::<AutoRefill>());
    tx.insert_or(rule, &tail).await?;
    Ok(())
}

/// Removes the rule of a namespace.
pub async fn remove(tx: &mut Tx, namespace: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM auto_refills WHERE namespace = $1";
    tx.execute(sql, args![namespace]).await?;
    Ok(())
}
