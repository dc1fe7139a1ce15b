//! Once a second: usage and leases come in, changes go out.

use super::protocol::Speaker;
use super::{bound, read};
use crate::booking;
use crate::http::body::RawBody;
use crate::http::error::ApiError;
use crate::http::gateway_caller::GatewayCaller;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::gateway_share::Report;
use paddock_core::wire::{PolicyChanges, Shares, SyncAnswer, SyncRequest};
use paddock_ledger::rules::batch::ReadBatch;
use paddock_ledger::rules::ledger::{Booking, Message};
use paddock_ledger::rules::origin::{self, Accepted, Sorted};
use paddock_ledger::rules::overrides;
use paddock_ledger::rules::shares::{self, Build};
use paddock_ledger::store::{StoreError, policy};
use serde_json::json;
use std::time::Duration;

/// How long sharing may hold up an answer.
const SHARING: Duration = Duration::from_secs(1);

/// Books in one transaction and acknowledges after its commit. What changed of the policy is in the answer
/// whatever becomes of the rest: if nothing can be booked, it is beside the error, and the gateway sends its
/// events and reports again.
pub async fn handle(
    State(app): State<SharedApp>,
    by: GatewayCaller,
    Speaker(build): Speaker,
    body: RawBody,
) -> Result<Json<SyncAnswer>, ApiError> {
    let body = body.read().await?;
    let mut request: SyncRequest<'_> = read(&body)?;
    request.gateway = by.gateway(&request.gateway)?;
    let acknowledged = request.batch.as_ref().map(|batch| batch.number);
    let revision = request.revision;
    overrides::revert_due(&app.store, app.store.read().await?, app.now()).await?;
    let reports = core::mem::take(&mut request.shares);
    let gateway = request.gateway.clone();
    let shared = share(&app, &by, &gateway, &build, reports);
    let (shared, booked) = tokio::join!(shared, book(&app, &by, request, body.len()));
    let changes = changes(&app, &by, revision).await?;
    let beside = |error: ApiError| {
        let error = error.with("changes", json!(changes));
        error.with("shares", json!(shared))
    };
    let booked = booked.map_err(beside)?;
    Ok(Json(SyncAnswer {
        acknowledged,
        changes,
        leases: booked.leases,
        shares: shared,
    }))
}

/// Shares rates and slots. Where that fails or takes long, usage and policy go on, and shares last for a while
/// without it.
async fn share(
    app: &SharedApp,
    by: &GatewayCaller,
    gateway: &str,
    build: &Build,
    mut reports: Vec<Report>,
) -> Option<Shares> {
    let exchanged = async {
        if reports.is_empty() {
            let mut tx = app.store.read().await?;
            if let Some(shared) = shares::look(&mut tx, gateway, app.now()).await? {
                return Ok(shared);
            }
        }
        let mut tx = app.store.write().await?;
        bound::leave_scopes(&mut tx, by, &mut reports, |report| &report.scope).await?;
        let shared = shares::exchange(&mut tx, gateway, &reports, app.now()).await?;
        shares::keep_build(&mut tx, gateway, build).await?;
        tx.commit().await?;
        Ok::<_, StoreError>(shared)
    };
    match tokio::time::timeout(SHARING, exchanged).await {
        Ok(Ok(shared)) => Some(shared),
        Ok(Err(error)) => {
            tracing::error!(%error, "rates could not be shared between gateways");
            None
        }
        Err(_) => {
            tracing::warn!("rates were not shared between gateways: the database is busy");
            None
        }
    }
}

async fn changes(
    app: &SharedApp,
    by: &GatewayCaller,
    revision: u64,
) -> Result<PolicyChanges, ApiError> {
    let mut tx = app.store.read().await?;
    let mut changes = PolicyChanges {
        installation: app.installation,
        ..policy::changes(&mut tx, revision).await?
    };
    bound::leave(&mut tx, by, revision, &mut changes).await?;
    Ok(changes)
}

async fn book(
    app: &SharedApp,
    by: &GatewayCaller,
    request: SyncRequest<'_>,
    bytes: usize,
) -> Result<Booking, ApiError> {
    let number = request.batch.as_ref().map(|batch| batch.number);
    let raw = request.batch.map(|batch| batch.events).unwrap_or_default();
    if raw.is_empty() && request.leases.is_empty() {
        return Ok(Booking::default());
    }
    let window = app.config.event_window(app.now());
    let sorted = match by.organizations() {
        // Whose calls they are is looked up only where it matters.
        Some(organizations) if !raw.is_empty() => {
            let accepted = Accepted {
                installation: app.installation,
                organizations: Some(organizations),
            };
            origin::sort(&mut app.store.read().await?, accepted, &raw).await?
        }
        _ => Sorted {
            own: raw.clone(),
            foreign: Vec::new(),
        },
    };
    let gateway = &request.gateway;
    let mut batch = ReadBatch::read(gateway, app.installation, &sorted.own, &window);
    batch.rejected.extend(sorted.foreign);
    let errors: Vec<String> = batch
        .rejected
        .iter()
        .map(|(error, _)| error.clone())
        .collect();
    let made = batch.made.len();
    let gateway = request.gateway.clone();
    let message = Message {
        gateway: request.gateway,
        batch,
        reports: request.leases,
        ..Message::default()
    };
    let patience = app.config.booking_patience;
    let booked = booking::book(app, message, number, bytes, patience).await?;
    booking::set_aside(app, &gateway, &booked.refused, &raw).await?;

    let count = |number: usize| u64::try_from(number).unwrap_or(0);
    let metrics = &app.metrics;
    metrics.events.inc_by(count(booked.new_events));
    metrics.rejected_events.inc_by(count(errors.len()));
    let repeated = raw
        .len()
        .saturating_sub(booked.new_events)
        .saturating_sub(booked.refused.len())
        .saturating_sub(errors.len())
        .saturating_sub(made);
    metrics.repeated_events.inc_by(count(repeated));
    for error in &errors {
        tracing::error!(error, gateway, "an event could not be read");
    }
    Ok(booked)
}
