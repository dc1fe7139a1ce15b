//! `GET /v1/keys/{id}/status`: where a key stands now.

use crate::app::SharedApp;
use crate::domain::period::{MINUTE, start_of};
use crate::domain::standing::{Standing, is_throttled};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::reports::{self, Subject};
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

/// Where a key stands.
#[derive(Debug, Serialize)]
pub struct Status {
    id: String,
    name: String,
    namespace: String,
    enabled: bool,
    expired: bool,
    budget_used_usd: f64,
    budget_limit_usd: f64,
    budget_used_percent: f64,
    budget_remaining_usd: f64,
    limit_rpm: u64,
    limit_tpm: u64,
    current_rpm: u64,
    current_tpm: u64,
    throttled: bool,
}

/// Answers admins, and the key's holder. `throttled` is whether its namespace is throttled, or the
/// ledger shows a rate at its limit in this minute.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Status>, ApiError> {
    caller.may_read_key(&id)?;
    let now = app.now();
    let mut tx = app.store.read().await?;
    let (key, place) = super::find(&app, &mut tx, &caller, &id).await?;
    let standing = Standing::of_key(&mut tx, &key, &place, now).await?;
    let limits = place.limits.below(&key.limits);
    let subject = Subject::Key(key.id.clone());
    let (rpm, tpm) = reports::peaks(&mut tx, &subject, start_of(MINUTE, now)).await?;
    let is_throttled = is_throttled(&mut tx, &place.namespace, now).await?;
    let expires_at = key.secrets.first().and_then(|secret| secret.expires_at);
    Ok(Json(Status {
        enabled: key.enabled && place.namespace.enabled,
        expired: expires_at.is_some_and(|at| at <= now),
        budget_used_usd: standing.used.to_dollars(),
        budget_limit_usd: standing.quota.to_dollars(),
        budget_used_percent: standing.used_percent(),
        budget_remaining_usd: standing.remaining().to_dollars(),
        limit_rpm: limits.requests_per_minute,
        limit_tpm: limits.tokens_per_minute,
        current_rpm: rpm,
        current_tpm: tpm,
        throttled: is_throttled
            || rpm >= limits.requests_per_minute
            || tpm >= limits.tokens_per_minute,
        id: key.id,
        name: key.name,
        namespace: key.namespace,
    }))
}
