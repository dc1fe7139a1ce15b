//! `POST /v1/namespaces/{name}/webhooks`: a new webhook.

use super::body::CreateWebhook;
use super::view::WebhookView;
use crate::api::namespaces;
use crate::delivery::signature;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::{Fields, Patch};
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::{App, SharedApp};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use paddock_ledger::ids;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::model::webhook::{Event, Webhook};
use paddock_ledger::rules::audit;
use paddock_ledger::store::webhooks;
use serde::Serialize;
use utoipa::ToSchema;

/// Most webhooks of one namespace: each is looked at whenever the namespace's usage is booked.
const MOST: usize = 50;
/// When `spend.threshold` is told where no percentage is sent.
pub(super) const DEFAULT_THRESHOLD: u64 = 80;

/// A new webhook in JSON: the only answer that has a secret, and only one that was made here.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedWebhook)]
pub struct NewWebhook {
    #[serde(flatten)]
    pub(super) webhook: WebhookView,
    /// What signs deliveries: shown this once, and only one that was made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
}

/// Makes a webhook
///
/// Without a `secret` one is made, and shown this once.
#[utoipa::path(
    post, path = "/v1/namespaces/{name}/webhooks", tag = "webhooks", operation_id = "create_webhook",
    params(parameters::NamespaceName),
    request_body = CreateWebhook,
    responses(
        (status = 201, description = "The webhook; with its secret where it was made here.", body = NewWebhook),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<NewWebhook>), ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let events: Option<Vec<Event>> = fields.words("events", &Event::NAMES)?.flatten();
    let Some(mut events) = events else {
        let message = format!(
            "Missing required parameter: 'events', a list of {}.",
            Event::NAMES.join(", ")
        );
        return Err(ApiError::invalid("events", message));
    };
    events.dedup();
    let url = fields.required_url("url")?;
    let given = usable_secret(&mut fields)?.flatten();
    let percent = fields.whole("threshold_percent", 1, 100)?.flatten();
    fields.finish()?;
    target(&app, "url", &url).await?;

    let made = given.is_none().then(ids::webhook_secret);
    let secret = given.or(made.clone()).unwrap_or_default();
    let has_threshold = events.contains(&Event::Threshold);
    let now = app.now();
    let mut tx = app.store.write().await?;
    let context = namespaces::find(&app, &mut tx, &caller, &name).await?;
    if webhooks::of_namespace(&mut tx, &name).await?.len() >= MOST {
        let message = format!("'{name}' has {MOST} webhooks, which is the most. Delete one first.");
        return Err(ApiError::full(message));
    }
    let webhook = Webhook {
        id: ids::webhook_id(now),
        namespace: name,
        url,
        events,
        threshold_percent: percent.or(has_threshold.then_some(DEFAULT_THRESHOLD)),
        secret: Secret::from(secret),
        created_at: now,
    };
    webhooks::insert(&mut tx, &webhook).await?;
    let change = context
        .change("webhook.create", &webhook.id)
        .after(&webhook);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(webhook = webhook.id, "made a webhook");
    let answer = NewWebhook {
        webhook: WebhookView::from(&webhook),
        secret: made,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Takes a secret that the caller chose.
pub(super) fn usable_secret(fields: &mut Fields) -> Result<Patch<String>, ApiError> {
    match fields.text("secret")? {
        Some(Some(secret)) if !signature::is_usable(&secret) => Err(ApiError::invalid(
            "secret",
            "'secret' must be 'whsec_' and the Base64 of 24 to 64 bytes, or another text of at \
             least 8 characters. Leave it out to have one made.",
        )),
        secret => Ok(secret),
    }
}

/// Checks that deliveries may go to a URL, as it is written and as it is resolved now.
pub(in crate::api) async fn target(app: &App, field: &str, url: &str) -> Result<(), ApiError> {
    let refused = |refused| {
        let message = format!("Nothing can be delivered to '{field}': {refused}.");
        ApiError::invalid(field, message)
    };
    let guard = &app.config.webhook_guard;
    let url = guard.check(url).map_err(refused)?;
    guard.check_names(&url).await.map_err(refused)
}
