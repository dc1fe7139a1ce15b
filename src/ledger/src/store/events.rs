//! The ledger's events.

use super::columns::{Bind, json};
use super::copy::CopyRows;
use super::record::{columns, record};
use super::tx::without_nul;
use super::{StoreError, Tx, args, stored};
use crate::model::correction::{Correction, UNNAMED};
use crate::model::event_details::EventDetails;
use paddock_core::money::Money;
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{Outcome, UsageEvent};
use std::borrow::Cow;
use std::collections::HashSet;

/// An event as it is stored.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its id.
    pub id: String,
    /// Who reported it.
    pub gateway: String,
    /// When it was admitted, in nanoseconds since 1970.
    pub started_at: i64,
    /// Milliseconds from admission to end.
    pub duration_ms: i64,
    /// The caller's key.
    pub key_id: String,
    /// The namespace it was served in.
    pub namespace: String,
    /// The organization of the namespace.
    pub organization: String,
    /// The end user the request named.
    pub end_user: Option<String>,
    /// The model that served it.
    pub model: String,
    /// The model as the caller wrote it.
    pub requested_model: String,
    /// The endpoint's path.
    pub endpoint: String,
    /// Whether the answer was a stream.
    pub stream: bool,
    /// The upstream's HTTP status; 0 if it never answered.
    pub status: i64,
    /// How it ended.
    pub outcome: String,
    /// Whether the tokens are an estimate.
    pub estimated: bool,
    /// Prompt tokens that came from no cache.
    pub input_tokens: i64,
    /// Prompt tokens read from a cache.
    pub cached_input_tokens: i64,
    /// Prompt tokens written to a cache of five minutes.
    pub cache_write_5m_tokens: i64,
    /// Prompt tokens written to a cache of an hour.
    pub cache_write_1h_tokens: i64,
    /// Tokens of the answer.
    pub output_tokens: i64,
    /// Those of them that were reasoning.
    pub reasoning_tokens: i64,
    /// Nano-dollars.
    pub cost: i64,
    /// The ids of the leases debited, a JSON list.
    pub leases: String,
    /// The gateway's request id.
    pub request_id: String,
    /// The client's address.
    pub client_address: String,
    /// The client's `User-Agent`.
    pub user_agent: String,
    /// Whether it was priced as batch.
    pub batch: bool,
    /// The category of content it was refused for.
    pub category: Option<String>,
    /// The code it was refused with.
    pub refusal_code: Option<String>,
    /// The scope that refused it.
    pub refused_by: Option<String>,
    /// How many refused calls it stands for; 0 if it was not refused, or nobody told.
    pub refusals: i64,
    /// [`EventDetails`] in JSON; absent if it has none.
    pub details: Option<String>,
    /// The number of the batch it was booked in.
    pub audit_batch: i64,
}

record! {
    EventRow {
        id, gateway, started_at, duration_ms, key_id, namespace, organization, end_user, model,
        requested_model, endpoint, stream, status, outcome, estimated, input_tokens,
        cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens,
        reasoning_tokens, cost, leases, request_id, client_address, user_agent, batch, category,
        refusal_code, refused_by, refusals, details,
    }
    // Last and apart: an event gets it when it is stored.
    reads { audit_batch = AUDIT_BATCH }
}

impl EventRow {
    /// Whether it was never served: then it is in the audit, and no usage.
    pub fn is_refused(&self) -> bool {
        self.outcome == REFUSED
    }

    /// Whether it is a correction of the operator's and no call.
    pub fn is_correction(&self) -> bool {
        self.outcome == CORRECTION
    }

    /// Tokens of prompt and answer.
    pub fn tokens(&self) -> i64 {
        let counts = [
            self.input_tokens,
            self.cached_input_tokens,
            self.cache_write_5m_tokens,
            self.cache_write_1h_tokens,
            self.output_tokens,
        ];
        counts.into_iter().fold(0, i64::saturating_add)
    }

    /// Gives it the tags of that id.
    pub fn set_tags(&mut self, id: &str) {
        let details = EventDetails {
            tags: Some(id.to_owned()),
            ..self.details()
        };
        self.details = Some(json(&details));
    }

    /// How many requests it counts as in sums.
    pub fn requests(&self) -> i64 {
        i64::from(!self.is_correction())
    }

    /// What most events do not have.
    pub fn details(&self) -> EventDetails {
        let details = self.details.as_deref();
        details
            .and_then(|details| serde_json::from_str(details).ok())
            .unwrap_or_default()
    }
}

const AUDIT_BATCH: &str = "audit_batch";

/// The columns of an event, and the number of its batch.
pub(super) fn all_columns() -> Vec<&'static str> {
    let mut names = columns::<EventRow>();
    names.push(AUDIT_BATCH);
    names
}

/// About what a row takes in a message of COPY.
const TYPICAL_BYTES: usize = 512;

/// How a call ended that was refused: it is in the audit, and in no sum.
pub const REFUSED: &str = "refused";

/// How an entry ended that is no call: it has a cost, and no request.
pub const CORRECTION: &str = "correction";

/// An event as it will be stored; not yet of any batch. Takes the texts out of `event`.
pub fn row(gateway: &str, event: &mut UsageEvent<'_>) -> EventRow {
    fn owned(text: &mut Cow<'_, str>) -> String {
        without_nul(std::mem::take(text).into_owned())
    }
    let tokens = &event.tokens;
    let outcome = match event.outcome {
        Outcome::Complete => "complete",
        Outcome::Truncated => "truncated",
        Outcome::UpstreamError => "upstream_error",
        Outcome::Refused => REFUSED,
    };
    EventRow {
        id: event.id.to_string(),
        gateway: gateway.to_owned(),
        started_at: stored(event.started_at.nanos()),
        duration_ms: stored(event.duration_ms),
        input_tokens: stored(tokens.input),
        cached_input_tokens: stored(tokens.cached_input),
        cache_write_5m_tokens: stored(tokens.cache_write_5m),
        cache_write_1h_tokens: stored(tokens.cache_write_1h),
        output_tokens: stored(tokens.output),
        reasoning_tokens: stored(tokens.reasoning),
        key_id: owned(&mut event.key_id),
        namespace: owned(&mut event.namespace),
        organization: owned(&mut event.organization),
        end_user: event.user.as_mut().map(owned),
        model: owned(&mut event.model),
        requested_model: owned(&mut event.requested_model),
        endpoint: owned(&mut event.endpoint),
        stream: event.stream,
        status: i64::from(event.status),
        outcome: outcome.to_owned(),
        estimated: event.estimated,
        cost: event.cost.nanos(),
        leases: json(&event.leases),
        request_id: owned(&mut event.request_id),
        client_address: owned(&mut event.client_address),
        user_agent: owned(&mut event.user_agent),
        batch: event.batch,
        category: event.category.as_mut().map(owned),
        refusal_code: event.code.as_mut().map(owned),
        refused_by: event.refused_by.as_mut().map(owned),
        refusals: stored(event.refusals),
        details: EventDetails::of(event).map(|details| json(&details)),
        audit_batch: 0,
    }
}

/// A correction as the ledger's entry.
pub fn correction_row(correction: &Correction) -> EventRow {
    let named = |name: &Option<String>| name.as_deref().unwrap_or(UNNAMED).to_owned();
    let details = EventDetails {
        budgets: correction.budgets.clone(),
        correction: Some(correction.details()),
        ..EventDetails::default()
    };
    EventRow {
        id: correction.id.clone(),
        gateway: String::new(),
        started_at: stored(correction.created_at.nanos()),
        duration_ms: 0,
        key_id: named(&correction.key_id),
        namespace: correction.namespace.clone(),
        organization: correction.organization.clone(),
        end_user: correction.end_user.clone(),
        model: named(&correction.model),
        requested_model: String::new(),
        endpoint: String::new(),
        stream: false,
        status: 0,
        outcome: CORRECTION.to_owned(),
        estimated: false,
        input_tokens: 0,
        cached_input_tokens: 0,
        cache_write_5m_tokens: 0,
        cache_write_1h_tokens: 0,
        output_tokens: 0,
        reasoning_tokens: 0,
        cost: correction.amount.nanos(),
        leases: json(&Vec::<i64>::new()),
        request_id: String::new(),
        client_address: String::new(),
        user_agent: String::new(),
        batch: false,
        category: None,
        refusal_code: None,
        refused_by: None,
        refusals: 0,
        details: Some(json(&details)),
        audit_batch: 0,
    }
}

/// The call or other entry of that id.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<EventRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM events WHERE id = $1",
        all_columns().join(", ")
    );
    tx.optional(sql, args![id]).await
}

/// Those of some ids that are in the ledger.
pub async fn known(tx: &mut Tx, ids: &[&str]) -> Result<HashSet<String>, StoreError> {
    let head = "SELECT id FROM events WHERE id";
    let known: Vec<String> = tx.among(head, args![], ids, "").await?;
    Ok(known.into_iter().collect())
}

/// Which calls are looked for, from the newest on.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only of this organization.
    pub organization: Option<String>,
    /// Only of this namespace.
    pub namespace: Option<String>,
    /// Only of this key.
    pub key: Option<String>,
    /// Only of this model, as served or as asked for.
    pub model: Option<String>,
    /// Only of this end user.
    pub user: Option<String>,
    /// Only those that ended so.
    pub outcome: Option<String>,
    /// Only those that were refused with this code.
    pub code: Option<String>,
    /// Only those with this status.
    pub status: Option<u64>,
    /// Only of this request.
    pub request_id: Option<String>,
    /// Only those that cost as much.
    pub least_cost: Option<Money>,
    /// Only ids that are not before this one.
    pub first_id: String,
    /// Only ids before this one.
    pub before_id: String,
}

/// Calls that were found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The newest first.
    pub events: Vec<EventRow>,
    /// The id before which has yet to be looked; absent if all was.
    pub next: Option<String>,
}

/// Looks through the newest calls for those that are wanted: at most `look` of them, until `limit` are found.
pub async fn search(
    tx: &mut Tx,
    wanted: &Wanted,
    (limit, look): (u64, u64),
) -> Result<Found, StoreError> {
    let mut values = args![wanted.first_id, wanted.before_id, look, limit];
    let mut conditions = String::from("outcome <> 'correction'");
    let equal = [
        ("organization", &wanted.organization),
        ("namespace", &wanted.namespace),
        ("key_id", &wanted.key),
        ("end_user", &wanted.user),
        ("outcome", &wanted.outcome),
        ("refusal_code", &wanted.code),
        ("request_id", &wanted.request_id),
    ];
    for (column, value) in equal {
        if let Some(value) = value {
            value.bind(&mut values);
            conditions.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    if let Some(model) = &wanted.model {
        model.bind(&mut values);
        let place = values.len();
        conditions.push_str(&format!(
            " AND (model = ${place} OR requested_model = ${place})"
        ));
    }
    if let Some(status) = wanted.status {
        status.bind(&mut values);
        conditions.push_str(&format!(" AND status = ${}", values.len()));
    }
    if let Some(cost) = wanted.least_cost {
        cost.bind(&mut values);
        conditions.push_str(&format!(" AND cost >= ${}", values.len()));
    }
    let columns = all_columns().join(", ");
    let newest = "FROM events WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let sql = format!(
        "SELECT {columns} FROM (SELECT {columns} {newest}) AS newest
        WHERE {conditions} ORDER BY id DESC LIMIT $4"
    );
    let events: Vec<EventRow> = tx.all(sql, values).await?;
    let is_full = u64::try_from(events.len()).unwrap_or(u64::MAX) >= limit;
    let next = match events.last() {
        Some(last) if is_full => Some(last.id.clone()),
        _ => {
            let sql = format!(
                "SELECT MIN(id), CAST(COUNT(*) AS BIGINT) FROM (SELECT id {newest}) AS newest"
            );
            let values = args![wanted.first_id, wanted.before_id, look];
            let (last, looked_at): (Option<String>, u64) = tx.one(sql, values).await?;
            last.filter(|_| looked_at >= look)
        }
    };
    Ok(Found { events, next })
}

/// What is known of the ids of events that are to be stored.
#[derive(Debug)]
pub enum Ids {
    /// They are taken for new ones, as they nearly always are: on PostgreSQL they are copied, and one
    /// that is there already is an error.
    New(CopyRows),
    /// Some may be in the ledger already.
    Any,
}

impl Ids {
    /// Of new events, to be stored under the number of their batch.
    pub fn new(events: &[&EventRow], batch: i64) -> Ids {
        let capacity = events.len().saturating_mul(TYPICAL_BYTES);
        let mut rows = CopyRows::new(all_columns().len(), capacity);
        for event in events {
            let row = rows.row();
            event.bind(row);
            batch.bind(row);
        }
        Ids::New(rows)
    }
}

/// Stores events under the number of their batch, each id once in the life of the database. The ids
/// of those that were not stored, because they are there already.
///
/// # Errors
/// A duplicate if an id that was taken for a new one is there already.
pub async fn insert(
    tx: &mut Tx,
    events: &[&EventRow],
    batch: i64,
    ids: Ids,
) -> Result<HashSet<String>, StoreError> {
    let columns = all_columns().join(", ");
    if let (Tx::Postgres(tx), Ids::New(rows)) = (&mut *tx, ids) {
        let sql = format!("COPY events ({columns}) FROM STDIN (FORMAT binary)");
        let mut copy = tx.copy_in_raw(&sql).await?;
        copy.send(rows.finish()).await?;
        copy.finish().await?;
        return Ok(HashSet::new());
    }
    let rows = events.iter().map(|row| args![row, batch]);
    let head = format!("INSERT INTO events ({columns})");
    let new = tx
        .execute_many(&head, rows.collect(), "ON CONFLICT (id) DO NOTHING")
        .await?;
    if new == u64::try_from(events.len()).unwrap_or(u64::MAX) {
        return Ok(HashSet::new());
    }
    let sql = "SELECT id FROM events WHERE audit_batch = $1";
    let new: Vec<String> = tx.all(sql, args![batch]).await?;
    let new: HashSet<String> = new.into_iter().collect();
    let known = events.iter().filter(|row| !new.contains(&row.id));
    Ok(known.map(|row| row.id.clone()).collect())
}

/// Keeps events that could not be booked, each text once: the gateway, what is wrong, and the text.
pub async fn reject(
    tx: &mut Tx,
    rejected: &[(&str, &str, &str)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = rejected.iter().map(|(gateway, error, body)| {
        let id = secret::digest(body.as_bytes());
        args![id, gateway, now, error, body]
    });
    let head = "INSERT INTO rejected_events (id, gateway, received_at, error, body)";
    tx.execute_many(head, rows.collect(), "ON CONFLICT (id) DO NOTHING")
        .await?;
    Ok(())
}

/// Deletes events whose batch has a number below `batch`, the oldest first, at most `limit`; how many.
/// On PostgreSQL only those that are in no day's partition.
pub async fn delete_below(tx: &mut Tx, batch: i64, limit: u64) -> Result<u64, StoreError> {
    // On SQLite a row's own number, which the index by batch has, leads to it at once.
    let (table, row) = match tx {
        Tx::Sqlite(_) => ("events", "rowid"),
        Tx::Postgres(_) => ("events_other", "id"),
    };
    let sql = format!(
        "DELETE FROM {table} WHERE {row} IN (SELECT {row} FROM {table}
            WHERE audit_batch > 0 AND audit_batch < $1 ORDER BY audit_batch LIMIT $2)"
    );
    tx.execute(sql, args![batch, limit]).await
}

/// Deletes what could not be read and was received before a moment, at most `limit`; how many.
pub async fn delete_rejected(
    tx: &mut Tx,
    before: Timestamp,
    limit: u64,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM rejected_events WHERE id IN (SELECT id FROM rejected_events
        WHERE received_at < $1 LIMIT $2)";
    tx.execute(sql, args![before, limit]).await
}
