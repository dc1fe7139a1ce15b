//! `GET /v1/keys/{id}`.

use super::view::KeyView;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::catalog;
use axum::Json;
use axum::extract::{Path, State};

/// Answers admins, and the key's holder.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    caller.may_read_key(&id)?;
    let mut tx = app.store.read().await?;
    let (key, place) = super::find(&app, &mut tx, &caller, &id).await?;
    let catalog = catalog::load(&mut tx).await?;
    Ok(Json(KeyView::new(&key, &place, &catalog)))
}
