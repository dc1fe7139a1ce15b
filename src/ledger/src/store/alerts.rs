//! Alerts, and when they fired.

use super::columns::{from_text, from_word, moment, to_text, to_word};
use super::{Args, StoreError, Tx, args, loaded};
use crate::model::alert::{Alert, Threshold};
use crate::model::secret::Secret;
use paddock_core::timestamp::Timestamp;

const COLUMNS: &str = "id, namespace, name, threshold_pct, threshold_stddev, span, action, \
    webhook_url, secret, message_template, keys, notify_emails, created_at";
const LAST: &str = "(SELECT MAX(fired_at) FROM alert_firings WHERE alert_id = id) AS last_fired_at";

#[derive(sqlx::FromRow)]
struct AlertRow {
    id: String,
    namespace: String,
    name: String,
    threshold_pct: Option<i64>,
    threshold_stddev: Option<i64>,
    span: String,
    action: String,
    webhook_url: Option<String>,
    secret: String,
    message_template: Option<String>,
    keys: String,
    notify_emails: String,
    created_at: i64,
    last_fired_at: Option<i64>,
}

impl TryFrom<AlertRow> for Alert {
    type Error = StoreError;

    fn try_from(row: AlertRow) -> Result<Alert, StoreError> {
        let threshold = match (row.threshold_pct, row.threshold_stddev) {
            (Some(percent), _) => Threshold::Percent(loaded(percent)),
            (None, count) => Threshold::Deviations(loaded(count.unwrap_or(i64::MAX))),
        };
        Ok(Alert {
            threshold,
            span: from_word("span", &row.span)?,
            action: from_word("action", &row.action)?,
            secret: Secret::from(row.secret),
            keys: from_text("keys", &row.keys)?,
            notify_emails: from_text("notify_emails", &row.notify_emails)?,
            created_at: moment(row.created_at),
            last_fired_at: row.last_fired_at.map(moment),
            id: row.id,
            namespace: row.namespace,
            name: row.name,
            webhook_url: row.webhook_url,
            message_template: row.message_template,
        })
    }
}

/// Every alert there is.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn all(tx: &mut Tx) -> Result<Vec<Alert>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, {LAST} FROM alerts ORDER BY id");
    let rows: Vec<AlertRow> = tx.all(sql, args![]).await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// The alerts of a namespace, oldest first.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn of_namespace(tx: &mut Tx, namespace: &str) -> Result<Vec<Alert>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, {LAST} FROM alerts WHERE namespace = $1 ORDER BY id");
    let rows: Vec<AlertRow> = tx.all(sql, args![namespace]).await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// The alert of that id or name in a namespace.
///
/// # Errors
/// Where the database refuses or holds something unreadable.
pub async fn find(tx: &mut Tx, namespace: &str, id: &str) -> Result<Option<Alert>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, {LAST} FROM alerts WHERE namespace = $1 AND (id = $2 OR name = $2)
        ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1"
    );
    let row: Option<AlertRow> = tx.optional(sql, args![namespace, id]).await?;
    row.map(Alert::try_from).transpose()
}

/// Stores a new alert.
///
/// # Errors
/// Where the database refuses; [`StoreError::is_duplicate`] where the name is taken in the
/// namespace.
pub async fn insert(tx: &mut Tx, alert: &Alert) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO alerts ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
        $12, $13)"
    );
    tx.execute(sql, values(alert)).await?;
    Ok(())
}

/// Stores what of an alert can change.
///
/// # Errors
/// As [`insert`].
pub async fn update(tx: &mut Tx, alert: &Alert) -> Result<(), StoreError> {
    let sql = "UPDATE alerts SET name = $3, threshold_pct = $4, threshold_stddev = $5, span = $6,
        action = $7, webhook_url = $8, secret = $9, message_template = $10, keys = $11,
        notify_emails = $12 WHERE id = $1 AND namespace = $2 AND created_at = $13";
    tx.execute(sql, values(alert)).await?;
    Ok(())
}

/// In the order of [`COLUMNS`].
fn values(alert: &Alert) -> Args {
    let (percent, deviations) = match alert.threshold {
        Threshold::Percent(percent) => (Some(percent), None),
        Threshold::Deviations(count) => (None, Some(count)),
    };
    args![
        &alert.id,
        &alert.namespace,
        &alert.name,
        percent,
        deviations,
        to_word(&alert.span),
        to_word(&alert.action),
        alert.webhook_url.clone(),
        alert.secret.expose(),
        alert.message_template.clone(),
        to_text(&alert.keys),
        to_text(&alert.notify_emails),
        alert.created_at,
    ]
}

/// Deletes an alert, with what was to be delivered for it.
///
/// # Errors
/// Where the database refuses.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM deliveries WHERE owner = $1", args![id])
        .await?;
    tx.execute("DELETE FROM alerts WHERE id = $1", args![id])
        .await?;
    Ok(())
}

/// Notes that an alert fires in the period that begins at `start`. `false` where it has.
///
/// # Errors
/// Where the database refuses.
pub async fn note_firing(
    tx: &mut Tx,
    id: &str,
    start: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO alert_firings (alert_id, starts_at, fired_at) VALUES ($1, $2, $3)
        ON CONFLICT (alert_id, starts_at) DO NOTHING";
    Ok(tx.execute(sql, args![id, start.secs(), now]).await? > 0)
}

/// Forgets that an alert fired in the period that begins at `start`, or later.
///
/// # Errors
/// Where the database refuses.
pub async fn forget_firings(tx: &mut Tx, id: &str, start: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM alert_firings WHERE alert_id = $1 AND starts_at >= $2";
    tx.execute(sql, args![id, start.secs()]).await?;
    Ok(())
}
