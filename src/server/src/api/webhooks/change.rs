//! `PATCH /v1/webhooks/{id}`, also under its namespace: what is sent is changed.

use super::body::ChangeWebhook;
use super::create::{DEFAULT_THRESHOLD, NewWebhook, target, usable_secret};
use super::view::WebhookView;
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
use paddock_ledger::model::audit::Actor;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::model::webhook::Event;
use paddock_ledger::rules::audit;
use paddock_ledger::store::webhooks;

/// Changes a webhook
///
/// What waits to be delivered goes where it was to go. `secret: null` makes a new one, shown this once.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "update_webhook",
    params(parameters::WebhookId),
    request_body = Option<ChangeWebhook>,
    responses(
        (status = 200, description = "The webhook as it is now; with its secret where one was made.", body = NewWebhook),
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
) -> Result<Json<NewWebhook>, ApiError> {
    change(&app, &caller, &actor, None, &id, &body).await
}

/// Changes a webhook of a namespace
#[utoipa::path(
    patch, path = "/v1/namespaces/{name}/webhooks/{id}", tag = "webhooks",
    operation_id = "update_namespace_webhook",
    params(parameters::WithinNamespace),
    request_body = Option<ChangeWebhook>,
    responses(
        (status = 200, description = "The webhook as it is now; with its secret where one was made.", body = NewWebhook),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn within(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path((name, id)): Path<(String, String)>,
    RawBody(body): RawBody,
) -> Result<Json<NewWebhook>, ApiError> {
    change(&app, &caller, &actor, Some(&name), &id, &body).await
}

async fn change(
    app: &SharedApp,
    caller: &Caller,
    actor: &Actor,
    namespace: Option<&str>,
    id: &str,
    body: &[u8],
) -> Result<Json<NewWebhook>, ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(body)?;
    let events: Option<Vec<Event>> = fields.words("events", &Event::NAMES)?.flatten();
    let url = fields.url("url")?.flatten();
    let secret = usable_secret(&mut fields)?;
    let percent = fields.whole("threshold_percent", 1, 100)?;
    fields.finish()?;
    if let Some(url) = &url {
        target(app, "url", url).await?;
    }
    let mut tx = app.store.write().await?;
    let (before, context) = super::find(app, &mut tx, caller, id).await?;
    if namespace.is_some_and(|name| name != before.namespace) {
        return Err(ApiError::not_found("webhook", id));
    }
    let mut webhook = before.clone();
    webhook.url = url.unwrap_or(webhook.url);
    webhook.events = events.unwrap_or(webhook.events);
    webhook.events.dedup();
    webhook.threshold_percent = percent.unwrap_or(webhook.threshold_percent);
    if webhook.events.contains(&Event::Threshold) {
        webhook.threshold_percent.get_or_insert(DEFAULT_THRESHOLD);
    }
    let made = matches!(secret, Some(None)).then(ids::webhook_secret);
    if let Some(secret) = secret.flatten().or(made.clone()) {
        webhook.secret = Secret::from(secret);
    }
    webhooks::update(&mut tx, &webhook).await?;
    let change = context.change("webhook.update", id);
    let change = change.before(&before).after(&webhook);
    audit::record(&mut tx, actor, change).await?;
    tx.commit().await?;
    tracing::info!(webhook = id, "changed a webhook");
    Ok(Json(NewWebhook {
        webhook: WebhookView::from(&webhook),
        secret: made,
    }))
}
