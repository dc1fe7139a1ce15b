//! `POST /v1/webhooks/{id}/replay`: delivers events again, under their own ids.

use super::check_target;
use super::context::WebhookContext;
use super::deliveries::DeliveryView;
use crate::api::prelude::*;
use crate::http::body::values::UrlText;
use paddock_ledger::ids;
use paddock_ledger::model::delivery::{Channel, NewDelivery};
use paddock_ledger::store::deliveries;
use serde_json::json;
use std::time::Duration;

/// Most events of one request.
const MOST: usize = 100;
/// Deliveries of a namespace that may wait at once, so that replays do not pile up.
const MOST_WAITING: u64 = 500;
/// When to try again if as many wait.
const WAIT: Duration = Duration::from_secs(30);

/// Events to deliver again, under their own ids.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "event_ids": ["evt_01JPA2B3C4D5E6F7G8H9JKMNPQ"] }))]
pub struct ReplayEvents {
    /// The ids of events that this webhook got.
    #[schema(value_type = Vec<Text>, min_items = 1, max_items = 100)]
    event_ids: Texts,
    /// Another URL than the webhook's.
    target_url: Option<UrlText>,
}

/// Delivers events again
///
/// Under their own ids, to the webhook's URL or another one, signed with the webhook's secret. If 500
/// deliveries of the namespace wait, the answer is 429.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/replay", tag = "webhooks", operation_id = "replay_events",
    params(parameters::WebhookId),
    request_body = ReplayEvents,
    responses(
        (status = 200, description = "The new deliveries.", body = Page<DeliveryView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(id): Path<String>,
    body: Body<ReplayEvents>,
) -> Result<Json<Page<DeliveryView>>, ApiError> {
    by.may_manage()?;
    by.may_view_analytics()?;
    let body = body.read().await?;
    let events = Vec::from(body.event_ids);
    if events.is_empty() || events.len() > MOST {
        let message = format!("'event_ids' must be a list of 1 to {MOST} ids of events.");
        return Err(ApiError::invalid("event_ids", message));
    }
    if let Some(url) = &body.target_url {
        check_target(&app, "target_url", url.as_ref()).await?;
    }
    let mut edit = Edit::begin(&app, &by).await?;
    let WebhookContext { webhook, context } = edit.find(&id).await?;
    let asked = u64::try_from(events.len()).unwrap_or(u64::MAX);
    let waiting = deliveries::pending(&mut edit.tx, &webhook.namespace).await?;
    if waiting.saturating_add(asked) > MOST_WAITING {
        let message = format!(
            "{waiting} deliveries of this namespace wait already, and at most {MOST_WAITING} may. \
             Replay fewer, or later."
        );
        return Err(ApiError::too_many(message, WAIT));
    }
    let known = deliveries::of_events(&mut edit.tx, &id, &events).await?;
    let target = match &body.target_url {
        Some(url) => app.encryption.seal_url(url.as_ref())?,
        None => webhook.url,
    };
    let mut new = Vec::with_capacity(events.len());
    for event in &events {
        let Some(first) = known.get(event) else {
            return Err(ApiError::not_found("event", event));
        };
        let delivery = ids::delivery_id(edit.now);
        new.push(NewDelivery {
            occasion: format!("replay/{delivery}"),
            id: delivery,
            owner: id.clone(),
            namespace: webhook.namespace.clone(),
            event_id: event.clone(),
            event: first.event.clone(),
            channel: Channel::Webhook,
            target: target.clone(),
            body: first.body.clone(),
        });
    }
    let now = edit.now;
    deliveries::insert(&mut edit.tx, &new, now).await?;
    let most = u64::try_from(new.len()).unwrap_or(0);
    let found = deliveries::log(&mut edit.tx, &id, None, now, most).await?;
    let what = json!({ "event_ids": events, "target_url": target.shown_url() });
    let change = context.change("webhook.replay", &id).after(&what);
    edit.commit(change).await?;
    let page = Page::all(
        &found,
        |delivery| &delivery.id,
        |delivery| DeliveryView::new(&app.encryption, delivery),
    );
    Ok(Json(page))
}
