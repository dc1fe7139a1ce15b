//! `POST /v1/usage/reconcile`: books events that a gateway logged and may not have sent.

use crate::api::prelude::*;
use crate::http::body::RawBody;
use paddock_ledger::model::audit::Change;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::batch::ReadBatch;
use paddock_ledger::rules::ledger::{self, Message};
use paddock_ledger::rules::origin::{self, Accepted, Sorted};
use serde_json::json;
use serde_json::value::RawValue;

/// What the ledger calls the gateway of these events: the log does not name it.
const GATEWAY: &str = "reconcile";

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

/// Books events that a gateway logged and may not have sent
///
/// Books the events that the ledger does not have, each once in the life of the database. Events of
/// namespaces, organizations or keys that are not of this installation are rejected, and so are those from
/// more than 400 days ago or from times to come. Only the operator may: what is booked is spent.
#[utoipa::path(
    post, path = "/v1/usage/reconcile", tag = "usage", operation_id = "reconcile_usage",
    request_body = Logged,
    responses(
        (status = 200, description = "What became of the events.", body = Reconciled),
        refusals::Forbidden
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    body: RawBody,
) -> Result<Json<Reconciled>, ApiError> {
    by.must_be_operator()?;
    let body = body.read().await?;
    let logged: Logged = serde_json::from_slice(&body).map_err(|error| {
        ApiError::invalid(
            "events",
            format!("'events' must be a list of usage events: {error}"),
        )
    })?;
    let window = app.config.event_window(app.now());
    let mut tx = app.store.write().await?;
    let accepted = Accepted {
        installation: app.installation,
        organizations: None,
    };
    let Sorted { own, foreign } = origin::sort(&mut tx, accepted, &logged.events).await?;
    let mut batch = ReadBatch::read(GATEWAY, app.installation, &own, &window);
    batch.rejected.extend(foreign);
    let message = Message {
        gateway: GATEWAY.to_owned(),
        batch,
        ..Message::default()
    };
    let terms = &app.config.terms;
    let (booked, message) = ledger::book(&mut tx, terms, message, app.now()).await?;
    let batch = message.batch;
    let reconciled = Reconciled {
        object: "usage.reconciliation",
        received: logged.events.len(),
        new: booked.new_events,
        repeated: logged
            .events
            .len()
            .saturating_sub(booked.new_events)
            .saturating_sub(batch.rejected.len())
            .saturating_sub(batch.made.len()),
        rejected: batch
            .rejected
            .iter()
            .map(|(error, event)| Rejected {
                error: error.clone(),
                event: event.clone(),
            })
            .collect(),
    };
    if reconciled.new > 0 {
        let change = Change::of_installation("usage.reconcile", GATEWAY);
        let change = change.after(&json!({ "new_events": reconciled.new }));
        audit::record(&mut tx, &by.actor, change).await?;
    }
    tx.commit().await?;
    app.metrics
        .events
        .inc_by(u64::try_from(reconciled.new).unwrap_or(0));
    tracing::info!(
        new = reconciled.new,
        repeated = reconciled.repeated,
        "reconciled usage"
    );
    Ok(Json(reconciled))
}
