//! `GET /v1/webhooks/{id}/deliveries?status=&since=`: what became of what was told.

use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::period::{self, Edge};
use crate::http::query::Parameters;
use crate::store::deliveries::{self, Logged};
use axum::Json;
use axum::extract::{Path, Query, State};
use paddock_core::timestamp::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

const STATUSES: [&str; 3] = ["pending", "delivered", "failed"];

/// A delivery in JSON.
#[derive(Debug, Serialize)]
pub struct DeliveryView {
    id: String,
    object: &'static str,
    event_id: String,
    event: String,
    status: String,
    attempts: u64,
    target_url: String,
    response_status: Option<u64>,
    error: Option<String>,
    body: Value,
    created_at: String,
    next_attempt_at: Option<String>,
    finished_at: Option<String>,
}

/// Some of them, newest first, in OpenAI's list shape.
#[derive(Debug, Serialize)]
pub struct Page {
    pub(super) object: &'static str,
    pub(super) data: Vec<DeliveryView>,
    pub(super) has_more: bool,
}

impl From<Logged> for DeliveryView {
    fn from(logged: Logged) -> DeliveryView {
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

/// Lists the deliveries of a webhook.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Json<Page>, ApiError> {
    caller.may_manage()?;
    let mut query = Parameters::new(query);
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
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    Ok(Json(Page {
        object: "list",
        data: found.into_iter().map(DeliveryView::from).collect(),
        has_more,
    }))
}
