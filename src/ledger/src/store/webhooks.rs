//! Webhooks.

use super::columns::{from_text, moment, to_text};
use super::{StoreError, Tx, Value, args, loaded};
use crate::model::secret::Secret;
use crate::model::webhook::Webhook;
use paddock_core::money::Money;
use std::collections::BTreeSet;

const COLUMNS: &str =
    "webhooks.id, namespace, url, events, threshold_percent, secret, webhooks.created_at";

#[derive(sqlx::FromRow)]
struct WebhookRow {
    id: String,
    namespace: String,
    url: String,
    events: String,
    threshold_percent: Option<i64>,
    secret: String,
    created_at: i64,
}

impl TryFrom<WebhookRow> for Webhook {
    type Error = StoreError;

    fn try_from(row: WebhookRow) -> Result<Webhook, StoreError> {
        Ok(Webhook {
            events: from_text("events", &row.events)?,
            threshold_percent: row.threshold_percent.map(loaded),
            secret: Secret::from(row.secret),
            created_at: moment(row.created_at),
            id: row.id,
            namespace: row.namespace,
            url: row.url,
        })
    }
}

/// The webhook of that id.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE id = $1");
    let row: Option<WebhookRow> = tx.optional(sql, args![id]).await?;
    row.map(Webhook::try_from).transpose()
}

/// The webhooks of a namespace, oldest first.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn of_namespace(tx: &mut Tx, namespace: &str) -> Result<Vec<Webhook>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM webhooks WHERE namespace = $1 ORDER BY id");
    let rows: Vec<WebhookRow> = tx.all(sql, args![namespace]).await?;
    rows.into_iter().map(Webhook::try_from).collect()
}

/// The webhooks of those namespaces that have a monthly quota of their own, with that quota.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn with_quotas(
    tx: &mut Tx,
    namespaces: &BTreeSet<String>,
) -> Result<Vec<(Webhook, Money)>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Row {
        #[sqlx(flatten)]
        webhook: WebhookRow,
        monthly_quota: i64,
    }
    let head = format!(
        "SELECT {COLUMNS}, monthly_quota FROM webhooks JOIN namespaces ON name = namespace
        WHERE monthly_quota IS NOT NULL AND namespace"
    );
    let names: Vec<Value> = namespaces.iter().map(Value::from).collect();
    let rows: Vec<Row> = tx
        .among(&head, args![], &names, "ORDER BY webhooks.id")
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok((
                row.webhook.try_into()?,
                Money::from_nanos(row.monthly_quota),
            ))
        })
        .collect()
}

/// Stores a new webhook.
///
/// # Errors
/// Where the database refuses.
pub async fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let sql = "INSERT INTO webhooks (id, namespace, url, events, threshold_percent, secret,
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = args![
        &webhook.id,
        &webhook.namespace,
        &webhook.url,
        to_text(&webhook.events),
        webhook.threshold_percent,
        webhook.secret.expose(),
        webhook.created_at,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Stores what of a webhook can change.
///
/// # Errors
/// Where the database refuses.
pub async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<(), StoreError> {
    let sql = "UPDATE webhooks SET url = $2, events = $3, threshold_percent = $4, secret = $5
        WHERE id = $1";
    let values = args![
        &webhook.id,
        &webhook.url,
        to_text(&webhook.events),
        webhook.threshold_percent,
        webhook.secret.expose(),
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Deletes a webhook, with what was to be delivered to it and what was.
///
/// # Errors
/// Where the database refuses.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM deliveries WHERE owner = $1", args![id])
        .await?;
    tx.execute("DELETE FROM webhooks WHERE id = $1", args![id])
        .await?;
    Ok(())
}
