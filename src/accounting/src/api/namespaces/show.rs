//! `GET /v1/namespaces/{name}`.

use super::view::NamespaceView;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::catalog;
use axum::Json;
use axum::extract::{Path, State};

/// Answers admins, and the holders of the namespace's keys.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<NamespaceView>, ApiError> {
    caller.may_read_namespace(&name)?;
    let mut tx = app.store.read().await?;
    let place = super::find(&app, &mut tx, &caller, &name).await?;
    let catalog = catalog::load(&mut tx).await?;
    Ok(Json(NamespaceView::new(&place, &catalog)))
}
