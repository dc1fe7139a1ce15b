//! The ledger's events.

use super::namespaces::to_text;
use super::{Args, StoreError, Tx, args};
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{Outcome, UsageEvent};
use std::collections::HashSet;

const HEAD: &str = "INSERT INTO events (id, gateway, started_at, duration_ms, key_id, namespace, \
    organization, end_user, model, requested_model, endpoint, stream, status, outcome, estimated, \
    input_tokens, cached_input_tokens, cache_write_5m_tokens, cache_write_1h_tokens, \
    output_tokens, reasoning_tokens, cost, leases, request_id, client_address, user_agent, batch)";

/// Stores events, each id once in the life of the database. The ids that were new.
///
/// # Errors
/// Where the database refuses.
pub async fn insert(
    tx: &mut Tx,
    gateway: &str,
    events: &[UsageEvent<'_>],
) -> Result<HashSet<String>, StoreError> {
    let rows = events.iter().map(|event| values(gateway, event)).collect();
    let new: Vec<(String,)> = tx
        .many(HEAD, rows, "ON CONFLICT (id) DO NOTHING RETURNING id")
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

fn values(gateway: &str, event: &UsageEvent<'_>) -> Args {
    let tokens = &event.tokens;
    let outcome = match event.outcome {
        Outcome::Complete => "complete",
        Outcome::Truncated => "truncated",
        Outcome::UpstreamError => "upstream_error",
    };
    args![
        event.id.to_string(),
        gateway,
        event.started_at,
        event.duration_ms,
        &*event.key_id,
        &*event.namespace,
        &*event.organization,
        event.user.as_deref().map(str::to_owned),
        &*event.model,
        &*event.requested_model,
        &*event.endpoint,
        event.stream,
        u64::from(event.status),
        outcome,
        event.estimated,
        tokens.input,
        tokens.cached_input,
        tokens.cache_write_5m,
        tokens.cache_write_1h,
        tokens.output,
        tokens.reasoning,
        event.cost,
        to_text(&event.leases),
        &*event.request_id,
        &*event.client_address,
        &*event.user_agent,
        event.batch,
    ]
}
