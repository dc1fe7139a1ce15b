//! Webhooks.

use super::record::{record, select, select_with};
use super::{StoreError, Tx, args};
use crate::model::webhook::Webhook;
use paddock_core::money::Money;
use std::collections::BTreeSet;

record! {
    Webhook in "webhooks" { id, namespace, url, events, threshold_percent, secret, created_at }
}

/// The webhook of that id.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Webhook>, StoreError> {
    tx.optional(select::<Webhook>("WHERE id = $1"), args![id])
        .await
}

/// The webhooks of a namespace, oldest first.
pub async fn of_namespace(tx: &mut Tx, namespace: &str) -> Result<Vec<Webhook>, StoreError> {
    let sql = select::<Webhook>("WHERE namespace = $1 ORDER BY id");
    tx.all(sql, args![namespace]).await
}

/// The webhooks of namespaces, oldest first.
pub async fn of_namespaces(
    tx: &mut Tx,
    namespaces: &BTreeSet<&str>,
) -> Result<Vec<Webhook>, StoreError> {
    let head = select::<Webhook>("WHERE namespace");
    tx.among(&head, args![], namespaces, "ORDER BY id").await
}

/// The webhooks of those namespaces that have a monthly quota of their own, with that quota.
pub async fn with_quotas(
    tx: &mut Tx,
    namespaces: &BTreeSet<String>,
) -> Result<Vec<(Webhook, Money)>, StoreError> {
    let quota = "(SELECT monthly_quota FROM namespaces WHERE name = namespace)";
    let rest = format!("WHERE {quota} IS NOT NULL AND namespace");
    let head = select_with::<Webhook>(&[quota], &rest);
    tx.among(&head, args![], namespaces, "ORDER BY id").await
}

/// Stores a new webhook.
pub async fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    tx.insert(webhook).await
}

/// Stores a changed webhook.
pub async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    tx.update(webhook).await
}

/// Deletes a webhook with its deliveries.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM deliveries WHERE owner = $1",
        "DELETE FROM webhooks WHERE id = $1",
    ] {
        tx.execute(sql, args![id]).await?;
    }
    Ok(())
}
