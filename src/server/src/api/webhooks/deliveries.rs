//! `GET /v1/webhooks/{id}/deliveries?status=&since=`: the deliveries of a webhook.

use super::context::WebhookContext;
use crate::api::prelude::*;
use crate::encryption::Encryption;
use crate::http::period::DayOrMoment;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::delivery::LoggedDelivery;
use paddock_ledger::store::deliveries;
use serde_json::Value;
use utoipa::IntoParams;

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListDeliveries {
    /// Only those of this status.
    #[param(inline)]
    status: Option<DeliveryStatus>,
    /// Only those created since: a UTC day, or a moment in RFC 3339.
    #[param(inline)]
    since: Option<DayOrMoment>,
    /// Most deliveries; 100 by default.
    #[param(inline)]
    limit: Option<PageSize>,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DeliveryStatus {
    /// It is tried now, or again later.
    Pending,
    /// The receiver has taken it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    const fn name(self) -> &'static str {
        match self {
            DeliveryStatus::Pending => "pending",
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Failed => "failed",
        }
    }
}

/// A delivery in JSON.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// The event's id, which receivers get as `webhook-id`.
    event_id: String,
    /// The event's name.
    event: String,
    /// Whether it was delivered.
    #[schema(value_type = DeliveryStatus)]
    status: String,
    /// Attempts so far.
    attempts: u64,
    /// The URL it is delivered to.
    target_url: String,
    /// The HTTP status of the last answer.
    response_status: Option<u64>,
    /// Why the last attempt failed.
    error: Option<String>,
    /// The event.
    #[schema(value_type = Object)]
    body: Value,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it is tried again.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When it was delivered or given up.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

impl DeliveryView {
    /// A delivery, as it is answered.
    pub fn new(encryption: &Encryption, logged: &LoggedDelivery) -> DeliveryView {
        let is_pending = logged.status == DeliveryStatus::Pending.name();
        DeliveryView {
            object: "webhook.delivery",
            next_attempt_at: is_pending.then(|| logged.due_at.to_rfc3339()),
            body: serde_json::from_str(&logged.body).unwrap_or_default(),
            created_at: logged.created_at.to_rfc3339(),
            finished_at: logged.finished_at.map(Timestamp::to_rfc3339),
            id: logged.id.clone(),
            event_id: logged.event_id.clone(),
            event: logged.event.clone(),
            status: logged.status.clone(),
            attempts: logged.attempts,
            target_url: encryption.url(&logged.target),
            response_status: logged.response_status,
            error: logged.error.clone(),
        }
    }
}

/// Lists the deliveries of a webhook
///
/// Newest first, at most `limit` of them.
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "list_deliveries",
    params(parameters::WebhookId, ListDeliveries),
    responses(
        (status = 200, description = "Some of them, newest first.", body = Page<DeliveryView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<ListDeliveries>,
) -> Result<Json<Page<DeliveryView>>, ApiError> {
    caller.may_manage()?;
    caller.may_view_analytics()?;
    let size = query.limit.unwrap_or_default();
    let status = query.status.map(DeliveryStatus::name);
    let since = query.since.map_or(Timestamp::EPOCH, DayOrMoment::start);
    let mut tx = app.store.read().await?;
    find::<WebhookContext>(&app, &mut tx, &caller, &id).await?;
    let one_more = size.and_one_more();
    let found = deliveries::log(&mut tx, &id, status, since, one_more).await?;
    let page = Page::of(
        found,
        size.rows(),
        |delivery| &delivery.id,
        |delivery| DeliveryView::new(&app.encryption, delivery),
    );
    Ok(Json(page))
}
