//! A request waits for money.

use super::{bound, read};
use crate::http::body::RawBody;
use crate::http::error::ApiError;
use crate::http::gateway_caller::GatewayCaller;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::money::Money;
use paddock_core::wire::{LendAnswer, LendRequest};
use paddock_ledger::rules::{lending, overrides};

/// Lends in one transaction; nothing is lent that was not committed.
pub async fn handle(
    State(app): State<SharedApp>,
    by: GatewayCaller,
    body: RawBody,
) -> Result<Json<LendAnswer>, ApiError> {
    let body = body.read().await?;
    let mut request: LendRequest = read(&body)?;
    request.gateway = by.gateway(&request.gateway)?;
    let now = app.now();
    let mut tx = app.store.write().await?;
    bound::leave_scopes(&mut tx, &by, &mut request.needs, |need| &need.scope).await?;
    overrides::revert(&mut tx, now).await?;
    let answer = lending::lend(&mut tx, &app.config.terms, &request, now).await?;
    tx.commit().await?;
    let refused = |lease: &&_| {
        let lease: &paddock_core::wire::Lease = lease;
        lease.hold_at_most == Some(Money::ZERO)
    };
    let uncovered = answer.leases.iter().filter(refused).count();
    app.metrics
        .uncovered_needs
        .inc_by(u64::try_from(uncovered).unwrap_or(0));
    Ok(Json(answer))
}
