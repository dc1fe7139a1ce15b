//! The outbox, and the log of what became of it.

use super::columns::moment;
use super::{StoreError, Tx, Value, args, loaded};
use crate::model::secret::Secret;
use paddock_core::timestamp::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// How long what was delivered or given up stays in the log.
pub const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Something to be delivered.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// `dlv_…`.
    pub id: String,
    /// The webhook or alert it is for.
    pub owner: String,
    /// What is told once: the event, its threshold and its period.
    pub occasion: String,
    /// The namespace it is about.
    pub namespace: String,
    /// `evt_…`: the same where it is replayed.
    pub event_id: String,
    /// The event's name.
    pub event: String,
    /// How it is delivered.
    pub channel: &'static str,
    /// To where.
    pub target: String,
    /// What.
    pub body: String,
}

/// A delivery that was claimed.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its id.
    pub id: String,
    /// The event's id.
    pub event_id: String,
    /// The event's name.
    pub event: String,
    /// How it is delivered.
    pub channel: &'static str,
    /// To where.
    pub target: String,
    /// What.
    pub body: String,
    /// What signs it.
    pub secret: Secret,
    /// How often it was tried, this time included.
    pub attempts: u64,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was accepted.
    Delivered {
        /// With this HTTP status.
        status: u16,
    },
    /// It is to be tried again.
    Again {
        /// The HTTP status, where there was an answer.
        status: Option<u16>,
        /// What went wrong.
        error: String,
        /// When.
        due_at: Timestamp,
    },
    /// It was given up.
    Failed {
        /// The HTTP status, where there was an answer.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
}

impl Outcome {
    /// As metrics call it.
    pub const fn word(&self) -> &'static str {
        match self {
            Outcome::Delivered { .. } => "delivered",
            Outcome::Again { .. } => "retried",
            Outcome::Failed { .. } => "failed",
        }
    }
}

/// Puts deliveries into the outbox, due at once. What its owner was told already is left out; how
/// many are new.
///
/// # Errors
/// Where the database refuses.
pub async fn insert(
    tx: &mut Tx,
    deliveries: &[NewDelivery],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let rows = deliveries.iter().map(|new| {
        args![
            &new.id,
            &new.owner,
            &new.occasion,
            &new.namespace,
            &new.event_id,
            &new.event,
            new.channel,
            &new.target,
            &new.body,
            "pending",
            0_i64,
            now,
            now,
        ]
    });
    let head = "INSERT INTO deliveries (id, owner, occasion, namespace, event_id, event, channel, \
        target, body, status, attempts, due_at, created_at)";
    let tail = "ON CONFLICT (owner, occasion) DO NOTHING RETURNING id";
    let new: Vec<(String,)> = tx.many(head, rows.collect(), tail).await?;
    Ok(new.len())
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: String,
    owner: String,
    event_id: String,
    event: String,
    channel: String,
    target: String,
    body: String,
    attempts: i64,
}

/// Claims at most `most` deliveries that are due at `now`: they are due again at `until`, unless
/// [`finish`] says otherwise. Replicas claim different ones.
///
/// # Errors
/// Where the database refuses.
pub async fn claim(
    tx: &mut Tx,
    now: Timestamp,
    until: Timestamp,
    most: u64,
) -> Result<Vec<Due>, StoreError> {
    // SQLite has one writer, so that nothing has to be skipped.
    let skip = match tx {
        Tx::Sqlite(_) => "",
        Tx::Postgres(_) => "FOR UPDATE SKIP LOCKED",
    };
    let sql = format!(
        "UPDATE deliveries SET attempts = attempts + 1, due_at = $2 WHERE id IN (
            SELECT id FROM deliveries WHERE status = 'pending' AND due_at <= $1
            ORDER BY due_at, id LIMIT $3 {skip})
        RETURNING id, owner, event_id, event, channel, target, body, attempts"
    );
    let rows: Vec<DueRow> = tx.all(sql, args![now, until, most]).await?;
    let owners: Vec<Value> = rows.iter().map(|row| Value::from(&row.owner)).collect();
    let mut secrets: HashMap<String, String> = HashMap::new();
    for table in ["webhooks", "alerts"] {
        let head = format!("SELECT id, secret FROM {table} WHERE id");
        let found: Vec<(String, String)> = tx.among(&head, args![], &owners, "").await?;
        secrets.extend(found);
    }
    let due = |row: DueRow| Due {
        secret: Secret::from(secrets.get(&row.owner).cloned().unwrap_or_default()),
        channel: channel(&row.channel),
        attempts: loaded(row.attempts),
        id: row.id,
        event_id: row.event_id,
        event: row.event,
        target: row.target,
        body: row.body,
    };
    Ok(rows.into_iter().map(due).collect())
}

fn channel(name: &str) -> &'static str {
    match name {
        "slack" => "slack",
        "email" => "email",
        _ => "webhook",
    }
}

/// Writes down what became of an attempt, unless somebody else has claimed it since.
///
/// # Errors
/// Where the database refuses.
pub async fn finish(
    tx: &mut Tx,
    due: &Due,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (status, response, error, due_at, finished_at) = match outcome {
        Outcome::Delivered { status } => ("delivered", Some(*status), None, now, Some(now)),
        Outcome::Again {
            status,
            error,
            due_at,
        } => ("pending", *status, Some(error.clone()), *due_at, None),
        Outcome::Failed { status, error } => {
            ("failed", *status, Some(error.clone()), now, Some(now))
        }
    };
    let sql = "UPDATE deliveries SET status = $3, response_status = $4, error = $5, due_at = $6,
        finished_at = $7 WHERE id = $1 AND attempts = $2 AND status = 'pending'";
    let values = args![
        &due.id,
        due.attempts,
        status,
        response.map(i64::from),
        error,
        due_at,
        finished_at,
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

/// Forgets what ended before a moment.
///
/// # Errors
/// Where the database refuses.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    let sql = "DELETE FROM deliveries WHERE finished_at < $1";
    tx.execute(sql, args![before]).await
}

/// A delivery as the log has it.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its id.
    pub id: String,
    /// The event's id.
    pub event_id: String,
    /// The event's name.
    pub event: String,
    /// To where.
    pub target: String,
    /// What.
    pub body: String,
    /// `pending`, `delivered` or `failed`.
    pub status: String,
    /// How often it was tried.
    pub attempts: u64,
    /// When it is tried next, while it is pending.
    pub due_at: Timestamp,
    /// What the receiver last answered.
    pub response_status: Option<u64>,
    /// What last went wrong.
    pub error: Option<String>,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct LoggedRow {
    id: String,
    event_id: String,
    event: String,
    target: String,
    body: String,
    status: String,
    attempts: i64,
    due_at: i64,
    response_status: Option<i64>,
    error: Option<String>,
    created_at: i64,
    finished_at: Option<i64>,
}

impl From<LoggedRow> for Logged {
    fn from(row: LoggedRow) -> Logged {
        Logged {
            id: row.id,
            event_id: row.event_id,
            event: row.event,
            target: row.target,
            body: row.body,
            status: row.status,
            attempts: loaded(row.attempts),
            due_at: moment(row.due_at),
            response_status: row.response_status.map(loaded),
            error: row.error,
            created_at: moment(row.created_at),
            finished_at: row.finished_at.map(moment),
        }
    }
}

const LOGGED: &str = "id, event_id, event, target, body, status, attempts, due_at, \
    response_status, error, created_at, finished_at";

/// At most `most` deliveries of an owner since a moment, newest first: those of a status, or all.
///
/// # Errors
/// Where the database refuses.
pub async fn log(
    tx: &mut Tx,
    owner: &str,
    status: Option<&str>,
    since: Timestamp,
    most: u64,
) -> Result<Vec<Logged>, StoreError> {
    let sql = format!(
        "SELECT {LOGGED} FROM deliveries WHERE owner = $1 AND ($2 = '' OR status = $2)
        AND created_at >= $3 ORDER BY created_at DESC, id DESC LIMIT $4"
    );
    let values = args![owner, status.unwrap_or_default(), since, most];
    let rows: Vec<LoggedRow> = tx.all(sql, values).await?;
    Ok(rows.into_iter().map(Logged::from).collect())
}

/// The first delivery of each of those events to an owner.
///
/// # Errors
/// Where the database refuses.
pub async fn of_events(
    tx: &mut Tx,
    owner: &str,
    events: &[String],
) -> Result<HashMap<String, Logged>, StoreError> {
    let names: Vec<Value> = events.iter().map(Value::from).collect();
    let head = format!("SELECT {LOGGED} FROM deliveries WHERE owner = $1 AND event_id");
    let tail = "ORDER BY created_at DESC, id DESC";
    let rows: Vec<LoggedRow> = tx.among(&head, args![owner], &names, tail).await?;
    let logged = rows.into_iter().map(Logged::from);
    Ok(logged
        .map(|logged| (logged.event_id.clone(), logged))
        .collect())
}
