//! Reconciliation: events that gateways logged are booked where they have not come, each once.
//!
//! Most have come. So it first looks which are in the ledger; only what is not goes into the booking queue.

use crate::booking::{self, Identified};
use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::model::audit::{Actor, Change};
use paddock_ledger::rules::audit;
use paddock_ledger::rules::batch::ReadBatch;
use paddock_ledger::rules::ledger::Message;
use paddock_ledger::rules::origin::{self, Accepted, Sorted};
use paddock_ledger::store::{StoreError, events};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;
use utoipa::ToSchema;

/// What the ledger calls the gateway of these events: the log does not name it.
pub const GATEWAY: &str = "reconcile";
/// How long a batch may wait to be booked before it is answered without: half as long as the command waits.
const PATIENCE: Duration = Duration::from_secs(30);

/// What gateways logged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reconcile)]
pub struct Logged {
    /// Usage events as gateways write them to their access log: JSON objects with an `id`. Any other value
    /// is answered in `rejected`.
    #[schema(value_type = Vec<Value>)]
    events: Vec<Box<RawValue>>,
}

/// What became of the events.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reconciled {
    /// What this is.
    object: &'static str,
    /// Events received.
    received: usize,
    /// Events booked now.
    new: usize,
    /// Events booked before.
    repeated: usize,
    /// Events that were not booked: they cannot be read, are implausible, or are not of this installation.
    rejected: Vec<Rejected>,
}

/// An event that was not booked. It is kept for a person to look at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RejectedEvent)]
struct Rejected {
    /// What is wrong.
    error: String,
    /// The event as it was sent.
    event: String,
}

/// Whose log it is.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What the ledger calls the gateway.
    pub gateway: &'a str,
    /// The organizations whose events are taken, if not all.
    pub organizations: Option<&'a BTreeSet<String>>,
}

/// Books those events of a body that the ledger does not have.
///
/// # Errors
/// 400 if the body is no list of events, 503 if they could not be booked.
pub async fn reconcile(
    app: &SharedApp,
    source: Source<'_>,
    body: &[u8],
    actor: &Actor,
) -> Result<Reconciled, ApiError> {
    let logged: Logged = serde_json::from_slice(body).map_err(|error| {
        ApiError::invalid(
            "events",
            format!("'events' must be a list of usage events: {error}"),
        )
    })?;
    let received = logged.events.len();
    let unknown = unknown(app, &logged.events).await?;
    let (new, rejected, made) = match unknown.is_empty() {
        true => (0, Vec::new(), 0),
        false => book(app, source, &unknown, body.len()).await?,
    };
    if new > 0 {
        let change = Change::of_installation("usage.reconcile", source.gateway);
        let change = change.after(&json!({ "new_events": new }));
        let mut tx = app.store.write().await?;
        audit::record(&mut tx, actor, change).await?;
        tx.commit().await?;
        let count = u64::try_from(new).unwrap_or(0);
        app.metrics.events.inc_by(count);
        app.metrics.reconciled_events.inc_by(count);
        tracing::info!(new, gateway = source.gateway, "reconciled usage");
    }
    Ok(Reconciled {
        object: "usage.reconciliation",
        received,
        new,
        repeated: received
            .saturating_sub(new)
            .saturating_sub(rejected.len())
            .saturating_sub(made),
        rejected: rejected
            .into_iter()
            .map(|(error, event)| Rejected { error, event })
            .collect(),
    })
}

/// The events whose ids are not in the ledger, and those without an id.
async fn unknown<'a>(
    app: &SharedApp,
    events: &'a [Box<RawValue>],
) -> Result<Vec<&'a RawValue>, StoreError> {
    let all = events.iter().map(|event| (&**event, id_of(event)));
    let all: Vec<(&RawValue, Option<Cow<'_, str>>)> = all.collect();
    let ids: Vec<&str> = all.iter().filter_map(|(_, id)| id.as_deref()).collect();
    let known = events::known(&mut app.store.read().await?, &ids).await?;
    let is_unknown =
        |id: &Option<Cow<'_, str>>| id.as_ref().is_none_or(|id| !known.contains(&**id));
    let unknown = all.iter().filter(|(_, id)| is_unknown(id));
    Ok(unknown.map(|(event, _)| *event).collect())
}

fn id_of(event: &RawValue) -> Option<Cow<'_, str>> {
    let Identified { id } = serde_json::from_str(event.get()).ok()?;
    Some(id)
}

/// How many were new, what is wrong with others, and how many say who stored objects.
async fn book(
    app: &SharedApp,
    source: Source<'_>,
    raw: &[&RawValue],
    bytes: usize,
) -> Result<(usize, Vec<(String, String)>, usize), ApiError> {
    let window = app.config.event_window(app.now());
    let accepted = Accepted {
        installation: app.installation,
        organizations: source.organizations,
    };
    let Sorted { own, foreign } = origin::sort(&mut app.store.read().await?, accepted, raw).await?;
    let mut batch = ReadBatch::read(source.gateway, app.installation, &own, &window);
    batch.rejected.extend(foreign);
    let (mut rejected, made) = (batch.rejected.clone(), batch.made.len());
    let message = Message {
        gateway: source.gateway.to_owned(),
        batch,
        ..Message::default()
    };
    let booked = booking::book(app, message, None, bytes, PATIENCE).await?;
    booking::set_aside(app, source.gateway, &booked.refused, raw).await?;
    app.metrics
        .rejected_events
        .inc_by(u64::try_from(rejected.len()).unwrap_or(0));
    rejected.extend(booked.refused.into_iter().map(|(id, error)| {
        let is_it = |event: &&&RawValue| id_of(event).is_some_and(|own| *own == *id);
        let text = raw.iter().find(is_it).map_or("", |event| event.get());
        (error, text.to_owned())
    }));
    Ok((booked.new_events, rejected, made))
}
