//! `GET /v1/namespaces/{name}/alerts` and `…/{id}`.

use super::view::AlertView;
use crate::api::namespaces;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::store::alerts;
use serde::Serialize;
use utoipa::ToSchema;

/// All of them, oldest first, in OpenAI's list shape.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertList)]
pub struct List {
    /// What this is.
    object: &'static str,
    /// The rows.
    data: Vec<AlertView>,
    /// Whether there is another page.
    has_more: bool,
}

/// Lists a namespace's alerts
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/alerts", tag = "alerts", operation_id = "list_alerts",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The alerts.", body = List),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<List>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    namespaces::find(&app, &mut tx, &caller, &name).await?;
    let alerts = alerts::of_namespace(&mut tx, &name).await?;
    Ok(Json(List {
        object: "list",
        data: alerts.iter().map(AlertView::from).collect(),
        has_more: false,
    }))
}

/// Shows an alert
///
/// Its path may have its name in the place of its id.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/alerts/{id}", tag = "alerts", operation_id = "get_alert",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "The alert.", body = AlertView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<AlertView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let (alert, _) = super::find(&app, &mut tx, &caller, &name, &id).await?;
    Ok(Json(AlertView::from(&alert)))
}
