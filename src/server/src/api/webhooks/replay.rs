//! `POST /v1/webhooks/{id}/replay`: events once more, under their own ids.

use super::body::ReplayEvents;
use super::deliveries::{DeliveryView, Page};
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::ids;
use paddock_ledger::model::webhook::without_secrets;
use paddock_ledger::rules::audit;
use paddock_ledger::store::deliveries::{self, NewDelivery};
use serde_json::json;

/// Most events replayed at once.
const MOST: usize = 100;

/// Delivers events once more
///
/// Under their own ids, to the webhook's URL or another one, signed with the webhook's secret.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replay", tag = "webhooks", operation_id = "replay_events",
    params(parameters::WebhookId),
    request_body = ReplayEvents,
    responses(
        (status = 200, description = "The new deliveries.", body = Page),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(id): Path<String>,
    RawBody(body): RawBody,
) -> Result<Json<Page>, ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let events = fields.texts("event_ids")?.flatten().unwrap_or_default();
    let other = fields.url("target_url")?.flatten();
    fields.finish()?;
    if events.is_empty() || events.len() > MOST {
        let message = format!("'event_ids' must be a list of 1 to {MOST} ids of events.");
        return Err(ApiError::invalid("event_ids", message));
    }
    if let Some(url) = &other {
        super::target(&app, "target_url", url).await?;
    }
    let now = app.now();
    let mut tx = app.store.write().await?;
    let (webhook, context) = super::find(&app, &mut tx, &caller, &id).await?;
    let known = deliveries::of_events(&mut tx, &id, &events).await?;
    let target = other.unwrap_or_else(|| webhook.url.clone());
    let mut new = Vec::with_capacity(events.len());
    for event in &events {
        let Some(first) = known.get(event) else {
            return Err(ApiError::not_found("event", event));
        };
        let delivery = ids::delivery_id(now);
        new.push(NewDelivery {
            occasion: format!("replay/{delivery}"),
            id: delivery,
            owner: id.clone(),
            namespace: webhook.namespace.clone(),
            event_id: event.clone(),
            event: first.event.clone(),
            channel: "webhook",
            target: target.clone(),
            body: first.body.clone(),
        });
    }
    deliveries::insert(&mut tx, &new, now).await?;
    let what = json!({ "event_ids": events, "target_url": without_secrets(&target) });
    let change = context.change("webhook.replay", &id).after(&what);
    audit::record(&mut tx, &actor, change).await?;
    let most = u64::try_from(new.len()).unwrap_or(0);
    let logged = deliveries::log(&mut tx, &id, None, now, most).await?;
    tx.commit().await?;
    Ok(Json(Page {
        object: "list",
        data: logged.into_iter().map(DeliveryView::from).collect(),
        has_more: false,
    }))
}
