//! Alerts, and when they fired.

use super::columns::{Bind, Columns, Row, Seconds, Sink};
use super::record::{record, select};
use super::{StoreError, Tx, args};
use crate::model::alert::{Alert, Threshold};
use paddock_core::timestamp::Timestamp;

record! {
    Alert in "alerts" {
        id, namespace, name, threshold, span, action, webhook_url, secret, message_template, keys,
        notify_emails, created_at,
    }
    reads {
        last_fired_at = "(SELECT MAX(fired_at) FROM alert_firings WHERE alert_id = id)",
    }
}

impl Bind for Threshold {
    fn bind(&self, to: &mut impl Sink) {
        let (percent, deviations) = match self {
            Threshold::Percent(percent) => (Some(*percent), None),
            Threshold::Deviations(count) => (None, Some(*count)),
        };
        percent.bind(to);
        deviations.bind(to);
    }

    fn null(to: &mut impl Sink) {
        u64::null(to);
        u64::null(to);
    }
}

impl Row for Threshold {
    fn read(columns: &mut Columns<'_>) -> Result<Self, sqlx::Error> {
        let (percent, deviations): (Option<u64>, Option<u64>) = columns.read()?;
        let deviations = Threshold::Deviations(deviations.unwrap_or(u64::MAX));
        Ok(percent.map_or(deviations, Threshold::Percent))
    }

    fn names(_: &'static str, names: &mut Vec<&'static str>) {
        names.extend(["threshold_pct", "threshold_stddev"]);
    }
}

/// Every alert.
pub async fn all(tx: &mut Tx) -> Result<Vec<Alert>, StoreError> {
    tx.all(select::<Alert>("ORDER BY id"), args![]).await
}

/// The alerts of a namespace, oldest first.
pub async fn of_namespace(tx: &mut Tx, namespace: &str) -> Result<Vec<Alert>, StoreError> {
    let sql = select::<Alert>("WHERE namespace = $1 ORDER BY id");
    tx.all(sql, args![namespace]).await
}

/// The alert of that id or name in a namespace.
pub async fn find(tx: &mut Tx, namespace: &str, id: &str) -> Result<Option<Alert>, StoreError> {
    let sql = select::<Alert>(
        "WHERE namespace = $1 AND (id = $2 OR name = $2)
        ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END LIMIT 1",
    );
    tx.optional(sql, args![namespace, id]).await
}

/// Stores a new alert.
///
/// # Errors
/// [`StoreError::is_duplicate`] if the name is taken in the namespace.
pub async fn insert(tx: &mut Tx, alert: &Alert) -> Result<(), StoreError> {
    tx.insert(alert).await
}

/// Stores a changed alert.
///
/// # Errors
/// As [`insert`].
pub async fn update(tx: &mut Tx, alert: &Alert) -> Result<(), StoreError> {
    tx.update(alert).await
}

/// Deletes an alert with its deliveries.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM deliveries WHERE owner = $1",
        "DELETE FROM alerts WHERE id = $1",
    ] {
        tx.execute(sql, args![id]).await?;
    }
    Ok(())
}

/// Notes that an alert fires in the period that begins at `start`. `false` if it has already.
pub async fn note_firing(
    tx: &mut Tx,
    id: &str,
    start: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO alert_firings (alert_id, starts_at, fired_at) VALUES ($1, $2, $3)
        ON CONFLICT (alert_id, starts_at) DO NOTHING";
    Ok(tx.execute(sql, args![id, Seconds(start), now]).await? > 0)
}

/// Forgets that an alert fired in the period that begins at `start`, or later.
pub async fn forget_firings(tx: &mut Tx, id: &str, start: Timestamp) -> Result<(), StoreError> {
    let sql = "DELETE FROM alert_firings WHERE alert_id = $1 AND starts_at >= $2";
    tx.execute(sql, args![id, Seconds(start)]).await?;
    Ok(())
}

/// Deletes firings of periods that began before a moment, at most `limit`; how many. The last one of
/// each alert stays: it is shown.
pub async fn delete_firings(tx: &mut Tx, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
    let sql = "DELETE FROM alert_firings WHERE (alert_id, starts_at) IN (
        SELECT alert_id, starts_at FROM alert_firings AS old WHERE starts_at < $1
            AND EXISTS (SELECT 1 FROM alert_firings AS newer
                WHERE newer.alert_id = old.alert_id AND newer.starts_at > old.starts_at)
        LIMIT $2)";
    tx.execute(sql, args![Seconds(before), limit]).await
}
