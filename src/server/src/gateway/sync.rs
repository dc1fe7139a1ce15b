//! Once a second: usage and leases come in, changes go out.

use super::{bound, read};
use crate::booking;
use crate::http::body::RawBody;
use crate::http::error::ApiError;
use crate::http::gateway_caller::GatewayCaller;
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::wire::{PolicyChanges, SyncAnswer, SyncRequest};
use paddock_ledger::rules::batch::ReadBatch;
use paddock_ledger::rules::ledger::{Booking, Message};
use paddock_ledger::rules::origin::{self, Accepted, Sorted};
use paddock_ledger::rules::overrides;
use paddock_ledger::store::policy;

/// Books in one transaction and acknowledges after its commit.
pub async fn handle(
    State(app): State<SharedApp>,
    by: GatewayCaller,
    body: RawBody,
) -> Result<Json<SyncAnswer>, ApiError> {
    let body = body.read().await?;
    let mut request: SyncRequest<'_> = read(&body)?;
    request.gateway = by.gateway(&request.gateway)?;
    let acknowledged = request.batch.as_ref().map(|batch| batch.number);
    let revision = request.revision;
    overrides::revert_due(&app.store, app.store.read().await?, app.now()).await?;
    let booked = book(&app, &by, request).await?;
    let mut tx = app.store.read().await?;
    let mut changes = PolicyChanges {
        installation: app.installation,
        ..policy::changes(&mut tx, revision).await?
    };
    bound::leave(&mut tx, &by, revision, &mut changes).await?;
    Ok(Json(SyncAnswer {
        acknowledged,
        changes,
        leases: booked.leases,
    }))
}

async fn book(
    app: &SharedApp,
    by: &GatewayCaller,
    request: SyncRequest<'_>,
) -> Result<Booking, ApiError> {
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
    };
    let booked = booking::book(app, message).await?;

    let count = |number: usize| u64::try_from(number).unwrap_or(0);
    let metrics = &app.metrics;
    metrics.events.inc_by(count(booked.new_events));
    metrics.rejected_events.inc_by(count(errors.len()));
    let repeated = raw
        .len()
        .saturating_sub(booked.new_events)
        .saturating_sub(errors.len())
        .saturating_sub(made);
    metrics.repeated_events.inc_by(count(repeated));
    for error in &errors {
        tracing::error!(error, gateway, "an event could not be read");
    }
    Ok(booked)
}
