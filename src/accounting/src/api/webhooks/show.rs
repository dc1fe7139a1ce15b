//! `GET /v1/webhooks/{id}`, also under its namespace.

use super::view::WebhookView;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::{Path, State};

/// Shows one.
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

/// Shows one of a namespace.
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
