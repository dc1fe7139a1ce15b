//! The ledger's events.

use super::namespaces::to_text;
use super::{Args, StoreError, Tx, args, stored};
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{Outcome, UsageEvent};
use std::collections::HashSet;

/// An event as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
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
    /// The upstream's HTTP status; 0 where it never answered.
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
    /// How many refused calls it stands for; 0 where it was not refused, or nobody told.
    pub refusals: i64,
    /// The number of the batch it was booked in.
    pub audit_batch: i64,
}

/// The columns of [`EventRow`].
pub(super) const COLUMNS: &str = "id, gateway, started_at, duration_ms, key_id, namespace, \
    organization, end_user, model, requested_model, endpoint, stream, status, outcome, estimated, \
    input_tokens, cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, \
    output_tokens, reasoning_tokens, cost, leases, request_id, client_address, user_agent, batch, \
    category, refusal_code, refused_by, refusals, audit_batch";

/// How a call ended that was refused: it is in the audit, and in no sum.
pub const REFUSED: &str = "refused";

/// An event as it will be stored; not yet of any batch.
pub fn row(gateway: &str, event: &UsageEvent<'_>) -> EventRow {
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
        key_id: event.key_id.to_string(),
        namespace: event.namespace.to_string(),
        organization: event.organization.to_string(),
        end_user: event.user.as_deref().map(str::to_owned),
        model: event.model.to_string(),
        requested_model: event.requested_model.to_string(),
        endpoint: event.endpoint.to_string(),
        stream: event.stream,
        status: i64::from(event.status),
        outcome: outcome.to_owned(),
        estimated: event.estimated,
        input_tokens: stored(tokens.input),
        cached_input_tokens: stored(tokens.cached_input),
        cache_write_5m_tokens: stored(tokens.cache_write_5m),
        cache_write_1h_tokens: stored(tokens.cache_write_1h),
        output_tokens: stored(tokens.output),
        reasoning_tokens: stored(tokens.reasoning),
        cost: event.cost.nanos(),
        leases: to_text(&event.leases),
        request_id: event.request_id.to_string(),
        client_address: event.client_address.to_string(),
        user_agent: event.user_agent.to_string(),
        batch: event.batch,
        category: event.category.as_deref().map(str::to_owned),
        refusal_code: event.code.as_deref().map(str::to_owned),
        refused_by: event.refused_by.as_deref().map(str::to_owned),
        refusals: stored(event.refusals),
        audit_batch: 0,
    }
}

/// Stores events of one batch, each id once in the life of the database. The ids that were new.
///
/// # Errors
/// Where the database refuses.
pub async fn insert(
    tx: &mut Tx,
    gateway: &str,
    events: &[UsageEvent<'_>],
    batch: i64,
) -> Result<HashSet<String>, StoreError> {
    let rows = events
        .iter()
        .map(|event| values(row(gateway, event), batch))
        .collect();
    let head = format!("INSERT INTO events ({COLUMNS})");
    let new: Vec<(String,)> = tx
        .many(&head, rows, "ON CONFLICT (id) DO NOTHING RETURNING id")
        .await?;
    Ok(new.into_iter().map(|(id,)| id).collect())
}

/// Keeps what could not be read, each text once.
///
/// # Errors
/// Where the database refuses.
pub async fn reject(
    tx: &mut Tx,
    gateway: &str,
    rejected: &[(String, &str)],
    now: Timestamp,
) -> Result<(), StoreError> {
    for (error, body) in rejected {
        let sql = "INSERT INTO rejected_events (id, gateway, received_at, error, body)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
        let id = secret::digest(body.as_bytes()).to_hex();
        tx.execute(sql, args![id, gateway, now, error, *body])
            .await?;
    }
    Ok(())
}

fn values(row: EventRow, batch: i64) -> Args {
    args![
        row.id,
        row.gateway,
        row.started_at,
        row.duration_ms,
        row.key_id,
        row.namespace,
        row.organization,
        row.end_user,
        row.model,
        row.requested_model,
        row.endpoint,
        row.stream,
        row.status,
        row.outcome,
        row.estimated,
        row.input_tokens,
        row.cached_input_tokens,
        row.cache_write_5m_tokens,
        row.cache_write_1h_tokens,
        row.output_tokens,
        row.reasoning_tokens,
        row.cost,
        row.leases,
        row.request_id,
        row.client_address,
        row.user_agent,
        row.batch,
        row.category,
        row.refusal_code,
        row.refused_by,
        row.refusals,
        batch,
    ]
}
