//! `GET /v1/namespaces/{name}/webhooks`.

use super::view::WebhookView;
use crate::api::namespaces;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::webhooks;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

/// All of them, oldest first, in OpenAI's list shape.
#[derive(Debug, Serialize)]
pub struct List {
    object: &'static str,
    data: Vec<WebhookView>,
    has_more: bool,
}

/// Lists a namespace's webhooks.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<List>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    namespaces::find(&app, &mut tx, &caller, &name).await?;
    let webhooks = webhooks::of_namespace(&mut tx, &name).await?;
    Ok(Json(List {
        object: "list",
        data: webhooks.iter().map(WebhookView::from).collect(),
        has_more: false,
    }))
}
