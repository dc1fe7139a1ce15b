//! `GET /v1/namespaces/{name}/webhooks`.

use super::view::WebhookView;
use crate::api::namespaces;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::store::webhooks;
use serde::Serialize;
use utoipa::ToSchema;

/// All of them, oldest first, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookList)]
pub struct List {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<WebhookView>,
    /// Whether there is another page.
    has_more: bool,
}

/// Lists a namespace's webhooks
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The webhooks.", body = List),
        refusals::Forbidden,
        refusals::Missing
    )
)]
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
