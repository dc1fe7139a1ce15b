//! The outbox, and the log of deliveries.

use super::columns::json;
use super::record::{columns, record, select};
use super::{StoreError, Tx, args};
use crate::model::delivery::{ClaimedDelivery, DeliveryOutcome, LoggedDelivery, NewDelivery};
use crate::model::period::DAY;
use crate::model::sealed::Sealed;
use paddock_core::timestamp::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// How long finished deliveries stay in the log.
pub const KEEP_LOG: Duration = Duration::from_secs(90 * DAY);

record! {
    NewDelivery {
        id, owner, occasion, namespace, event_id, event, channel, target, body,
    }
}

record! {
    ClaimedDelivery {
        id, owner, namespace, event_id, event, channel, target, body, attempts,
    }
    defaults { secret }
}

record! {
    LoggedDelivery in "deliveries" {
        id, event_id, event, target, body, status, attempts, due_at, response_status, error,
        created_at, finished_at,
    }
}

/// Puts deliveries into the outbox, due at once; those whose owner was told of the occasion already
/// are left out. How many are new.
pub async fn insert(
    tx: &mut Tx,
    deliveries: &[NewDelivery],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let rows = deliveries
        .iter()
        .map(|new| args![new, "pending", 0_i64, now, now])
        .collect();
    let head = format!(
        "INSERT INTO deliveries ({}, status, attempts, due_at, created_at)",
        columns::<NewDelivery>().join(", ")
    );
    let tail = "ON CONFLICT (owner, occasion) DO NOTHING RETURNING id";
    Ok(tx.many::<String>(&head, rows, tail).await?.len())
}

/// How deliveries are claimed.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Those that are due by then.
    pub now: Timestamp,
    /// They are due again at that moment, unless [`finish`] says otherwise.
    pub until: Timestamp,
    /// At most so many.
    pub most: u64,
    /// At most so many of one namespace.
    pub of_namespace: u64,
}

/// Claims deliveries: the first of every namespace, then the second of each, and so on, none of those
/// namespaces that are busy. Replicas claim different ones.
pub async fn claim(
    tx: &mut Tx,
    terms: Terms,
    busy: &[&str],
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let Terms {
        now,
        until,
        most,
        of_namespace,
    } = terms;
    let busy = json(&busy);
    // SQLite has one writer, so that nothing has to be skipped.
    let (skip, busy_names) = match tx {
        Tx::Sqlite(_) => ("", "json_each($5)"),
        Tx::Postgres(_) => (
            "FOR UPDATE SKIP LOCKED",
            "json_array_elements_text($5::JSON) AS names (value)",
        ),
    };
    let sql = format!(
        "UPDATE deliveries SET attempts = attempts + 1, due_at = $2 WHERE id IN (
            SELECT id FROM deliveries WHERE status = 'pending' AND due_at <= $1 AND id IN (
                SELECT id FROM (
                    SELECT id, due_at, ROW_NUMBER() OVER (
                        PARTITION BY namespace ORDER BY due_at, id) AS turn
                    FROM deliveries WHERE status = 'pending' AND due_at <= $1
                        AND namespace NOT IN (SELECT value FROM {busy_names})) AS turns
                WHERE turn <= $4 ORDER BY turn, due_at, id LIMIT $3) {skip})
        RETURNING {}",
        columns::<ClaimedDelivery>().join(", ")
    );
    let values = args![now, until, most, of_namespace, busy];
    let mut claimed: Vec<ClaimedDelivery> = tx.all(sql, values).await?;
    let owners: Vec<String> = claimed
        .iter()
        .map(|claimed| claimed.owner.clone())
        .collect();
    let mut secrets: HashMap<String, Sealed> = HashMap::new();
    for table in ["webhooks", "alerts"] {
        let head = format!("SELECT id, secret FROM {table} WHERE id");
        secrets.extend(
            tx.among::<(String, Sealed)>(&head, args![], &owners, "")
                .await?,
        );
    }
    for claimed in &mut claimed {
        claimed.secret = secrets.get(&claimed.owner).cloned().unwrap_or_default();
    }
    Ok(claimed)
}

/// Gives back a claimed delivery that was not attempted: it is due again at `due_at`.
pub async fn put_back(
    tx: &mut Tx,
    claimed: &ClaimedDelivery,
    due_at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE deliveries SET attempts = attempts - 1, due_at = $3
        WHERE id = $1 AND attempts = $2 AND status = 'pending'";
    tx.execute(sql, args![&claimed.id, claimed.attempts, due_at])
        .await?;
    Ok(())
}

/// How many deliveries of a namespace are not at their end.
pub async fn pending(tx: &mut Tx, namespace: &str) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM deliveries WHERE namespace = $1 AND status = 'pending'";
    tx.one(sql, args![namespace]).await
}

/// How many deliveries of all namespaces are not at their end, and how many have failed for good since a
/// moment.
pub async fn unfinished_and_failed(
    tx: &mut Tx,
    since: Timestamp,
) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT COUNT(*) FROM deliveries WHERE status = 'pending'";
    let unfinished = tx.one(sql, args![]).await?;
    let sql = "SELECT COUNT(*) FROM deliveries WHERE finished_at >= $1 AND status = 'failed'";
    let failed = tx.one(sql, args![since]).await?;
    Ok((unfinished, failed))
}

/// Notes how an attempt went, unless another replica has claimed the delivery since.
pub async fn finish(
    tx: &mut Tx,
    claimed: &ClaimedDelivery,
    outcome: &DeliveryOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (status, response, error, due_at, finished_at) = match outcome {
        DeliveryOutcome::Delivered { status } => ("delivered", Some(*status), None, now, Some(now)),
        DeliveryOutcome::Retry {
            status,
            error,
            due_at,
        } => ("pending", *status, Some(error), *due_at, None),
        DeliveryOutcome::Failed { status, error } => {
            ("failed", *status, Some(error), now, Some(now))
        }
    };
    let sql = "UPDATE deliveries SET status = $3, response_status = $4, error = $5, due_at = $6,
        finished_at = $7 WHERE id = $1 AND attempts = $2 AND status = 'pending'";
    let values = args![
        &claimed.id,
        claimed.attempts,
        status,
        response,
        error,
        due_at,
        finished_at
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Deletes deliveries that ended before a moment, at most `limit`; how many.
pub async fn delete_finished(
    tx: &mut Tx,
    before: Timestamp,
    limit: u64,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries WHERE finished_at < $1 ORDER BY finished_at LIMIT $2)";
    tx.execute(sql, args![before, limit]).await
}

/// At most `most` deliveries of an owner since a moment, newest first: those of a status, or all.
pub async fn log(
    tx: &mut Tx,
    owner: &str,
    status: Option<&str>,
    since: Timestamp,
    most: u64,
) -> Result<Vec<LoggedDelivery>, StoreError> {
    let sql = select::<LoggedDelivery>(
        "WHERE owner = $1 AND ($2 = '' OR status = $2) AND created_at >= $3
        ORDER BY created_at DESC, id DESC LIMIT $4",
    );
    let values = args![owner, status.unwrap_or_default(), since, most];
    tx.all(sql, values).await
}

/// The first delivery of each of those events to an owner.
pub async fn of_events(
    tx: &mut Tx,
    owner: &str,
    events: &[String],
) -> Result<HashMap<String, LoggedDelivery>, StoreError> {
    let head = select::<LoggedDelivery>("WHERE owner = $1 AND event_id");
    let tail = "ORDER BY created_at DESC, id DESC";
    let logged: Vec<LoggedDelivery> = tx.among(&head, args![owner], events, tail).await?;
    Ok(logged
        .into_iter()
        .map(|logged| (logged.event_id.clone(), logged))
        .collect())
}
