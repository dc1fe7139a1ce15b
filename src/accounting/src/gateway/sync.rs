//! Once a second: usage and leases come in, changes go out.

use super::read;
use crate::app::SharedApp;
use crate::domain::ledger::{self, Booked, ReadBatch};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::gateway_caller::GatewayCaller;
use crate::store::policy;
use axum::Json;
use axum::extract::State;
use paddock_core::wire::{SyncAnswer, SyncRequest};

/// Books in one transaction and acknowledges after its commit.
pub async fn handle(
    State(app): State<SharedApp>,
    _: GatewayCaller,
    Body(body): Body,
) -> Result<Json<SyncAnswer>, ApiError> {
    let request: SyncRequest = read(&body)?;
    let booked = book(&app, &request).await?;
    let mut tx = app.store.read().await?;
    Ok(Json(SyncAnswer {
        acknowledged: request.batch.map(|batch| batch.number),
        changes: policy::changes(&mut tx, request.revision).await?,
        leases: booked.leases,
    }))
}

async fn book(app: &SharedApp, request: &SyncRequest) -> Result<Booked, ApiError> {
    let raw = request
        .batch
        .as_ref()
        .map(|batch| batch.events.as_slice())
        .unwrap_or_default();
    if raw.is_empty() && request.leases.is_empty() {
        return Ok(Booked::default());
    }
    let batch = ReadBatch::read(raw, app.config.oldest_event(app.now()));
    let mut tx = app.store.write().await?;
    let (terms, now) = (&app.config.terms, app.now());
    let booked = ledger::book(
        &mut tx,
        terms,
        &request.gateway,
        &batch,
        &request.leases,
        now,
    )
    .await?;
    tx.commit().await?;

    let count = |number: usize| u64::try_from(number).unwrap_or(0);
    let metrics = &app.metrics;
    metrics.events.inc_by(count(booked.new_events));
    metrics.rejected_events.inc_by(count(batch.rejected.len()));
    let repeated = raw
        .len()
        .saturating_sub(booked.new_events)
        .saturating_sub(batch.rejected.len());
    metrics.repeated_events.inc_by(count(repeated));
    for (error, _) in &batch.rejected {
        tracing::error!(
            error,
            gateway = request.gateway,
            "an event could not be read"
        );
    }
    Ok(booked)
}
