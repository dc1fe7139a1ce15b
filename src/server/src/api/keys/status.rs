//! `GET /v1/keys/{id}/status`: what a key has left of its budget and its rates.

use super::context::KeyContext;
use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_ledger::model::period::{MINUTE, start_of};
use paddock_ledger::rules::context::{BudgetStatus, is_throttled, prepaid_balance};
use paddock_ledger::store::reports::{self, Subject};

/// The status of a key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyStatus)]
pub struct Status {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The namespace's name.
    namespace: String,
    /// Whether it is accepted.
    enabled: bool,
    /// Whether its secret has expired.
    expired: bool,
    /// US dollars spent of the budget.
    budget_used_usd: f64,
    /// The budget of this UTC month, in US dollars.
    budget_limit_usd: f64,
    /// How much of the budget is spent, in percent.
    budget_used_percent: f64,
    /// US dollars left of the budget.
    budget_remaining_usd: f64,
    /// US dollars left of the prepaid balance of the namespace or the organization, whichever is less;
    /// absent if neither is prepaid.
    #[serde(skip_serializing_if = "Option::is_none")]
    prepaid_balance_usd: Option<f64>,
    /// Requests a minute that are allowed.
    limit_rpm: u64,
    /// Tokens a minute that are allowed.
    limit_tpm: u64,
    /// Requests booked in this minute.
    current_rpm: u64,
    /// Tokens booked in this minute.
    current_tpm: u64,
    /// Whether it is throttled now.
    throttled: bool,
}

/// Shows the status of a key
///
/// To admins, and to the key's holder: what it spent of its budget and used of its rates. It is
/// throttled if its namespace is, or if a rate has reached its limit in this minute.
#[utoipa::path(
    get, path = "/v1/keys/{id}/status", tag = "keys", operation_id = "get_key_status",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The status.", body = Status),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Status>, ApiError> {
    caller.may_read_key(&id)?;
    caller.may_view_analytics()?;
    let now = app.now();
    let mut tx = app.store.read().await?;
    let found: KeyContext = find(&app, &mut tx, &caller, &id).await?;
    let limits = found.limits();
    let KeyContext { key, context } = found;
    let budget = BudgetStatus::of_key(&mut tx, &key, &context, now).await?;
    let terms = &app.config.terms;
    let prepaid = prepaid_balance(&mut tx, terms, &context.scopes(), now).await?;
    let subject = Subject::Key {
        id: key.id.clone(),
        namespace: key.namespace.clone(),
    };
    let (rpm, tpm) = reports::peaks(&mut tx, &subject, start_of(MINUTE, now), now).await?;
    let is_throttled = is_throttled(&mut tx, &context.namespace, now).await?;
    let expires_at = key.secrets.first().and_then(|secret| secret.expires_at);
    Ok(Json(Status {
        enabled: key.enabled && context.namespace.enabled,
        expired: expires_at.is_some_and(|at| at <= now),
        budget_used_usd: budget.used.to_dollars(),
        budget_limit_usd: budget.quota.to_dollars(),
        budget_used_percent: budget.used_percent(),
        budget_remaining_usd: budget.remaining.to_dollars(),
        prepaid_balance_usd: prepaid.map(Money::to_dollars),
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
