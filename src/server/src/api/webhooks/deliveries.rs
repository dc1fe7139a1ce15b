//! `GET /v1/webhooks/{id}/deliveries?status=&since=`: what became of what was told.

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::period::{self, Edge};
use crate::http::query::{self, Parameters};
use crate::openapi::{parameters, refusals, words};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::delivery::LoggedDelivery;
use paddock_ledger::store::deliveries;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

pub(crate) const STATUSES: [&str; 3] = ["pending", "delivered", "failed"];

/// Which deliveries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct Wanted {
    /// Only those of this status.
    #[param(value_type = Option<words::DeliveryStatus>, inline)]
    status: Option<String>,
    /// Only those made since: a UTC day, or a moment in RFC 3339.
    #[param(value_type = Option<words::Moment>, inline)]
    since: Option<String>,
}

/// A delivery in JSON.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// What receivers know it by: `webhook-id`.
    event_id: String,
    /// What is told.
    event: String,
    /// What became of it.
    status: String,
    /// Attempts so far.
    attempts: u64,
    /// Where it goes.
    target_url: String,
    /// What the last attempt was answered with.
    response_status: Option<u64>,
    /// What is wrong.
    error: Option<String>,
    /// What is sent.
    #[schema(value_type = Object)]
    body: Value,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it is tried again.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When it was delivered or given up.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

/// Some of them, newest first, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryList)]
pub struct Page {
    /// What this is.
    pub(super) object: &'static str,
    /// The rows.
    pub(super) data: Vec<DeliveryView>,
    /// Whether there is another page.
    pub(super) has_more: bool,
}

impl From<LoggedDelivery> for DeliveryView {
    fn from(logged: LoggedDelivery) -> DeliveryView {
        let is_pending = logged.status == "pending";
        DeliveryView {
            object: "webhook.delivery",
            next_attempt_at: is_pending.then(|| logged.due_at.to_rfc3339()),
            body: serde_json::from_str(&logged.body).unwrap_or_default(),
            created_at: logged.created_at.to_rfc3339(),
            finished_at: logged.finished_at.map(Timestamp::to_rfc3339),
            id: logged.id,
            event_id: logged.event_id,
            event: logged.event,
            status: logged.status,
            attempts: logged.attempts,
            target_url: logged.target,
            response_status: logged.response_status,
            error: logged.error,
        }
    }
}

/// Lists the deliveries of a webhook
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "list_deliveries",
    params(parameters::WebhookId, Wanted, parameters::Limit),
    responses(
        (status = 200, description = "Some of them, newest first.", body = Page),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    mut query: Parameters,
) -> Result<Json<Page>, ApiError> {
    caller.may_manage()?;
    let limit = query.take_limit()?;
    let status = query.take("status");
    let since = period::moment(&mut query, "since", Edge::Start)?.unwrap_or(Timestamp::EPOCH);
    query.finish()?;
    if status
        .as_deref()
        .is_some_and(|word| !STATUSES.contains(&word))
    {
        let message = format!("'status' must be one of {}.", STATUSES.join(", "));
        return Err(ApiError::invalid("status", message));
    }
    let mut tx = app.store.read().await?;
    super::find(&app, &mut tx, &caller, &id).await?;
    let one_more = limit.saturating_add(1);
    let mut found = deliveries::log(&mut tx, &id, status.as_deref(), since, one_more).await?;
    let has_more = query::cut(&mut found, limit);
    Ok(Json(Page {
        object: "list",
        data: found.into_iter().map(DeliveryView::from).collect(),
        has_more,
    }))
}
