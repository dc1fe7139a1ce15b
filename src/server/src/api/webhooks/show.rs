//! `GET /v1/webhooks/{id}`, also under its namespace.

use super::view::WebhookView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;

/// Shows a webhook
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "get_webhook",
    params(parameters::WebhookId),
    responses(
        (status = 200, description = "The webhook.", body = WebhookView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<WebhookView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let (webhook, _) = super::find(&app, &mut tx, &caller, &id).await?;
    Ok(Json(WebhookView::from(&webhook)))
}

/// Shows a webhook of a namespace
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/webhooks/{id}", tag = "webhooks", operation_id = "get_namespace_webhook",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "The webhook.", body = WebhookView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn within(
    State(app): State<SharedApp>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<WebhookView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let (webhook, _) = super::find(&app, &mut tx, &caller, &id).await?;
    if webhook.namespace != name {
        return Err(ApiError::not_found("webhook", &id));
    }
    Ok(Json(WebhookView::from(&webhook)))
}
