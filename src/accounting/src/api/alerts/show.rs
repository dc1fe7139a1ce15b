//! `GET /v1/namespaces/{name}/alerts` and `…/{id}`.

use super::view::AlertView;
use crate::api::namespaces;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::alerts;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;

/// All of them, oldest first, in OpenAI's list shape.
#[derive(Debug, Serialize)]
pub struct List {
    object: &'static str,
    data: Vec<AlertView>,
    has_more: bool,
}

/// Lists a namespace's alerts.
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

/// Shows one, by its id or its name.
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
