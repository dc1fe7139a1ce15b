//! `POST /v1/keys/{id}/disable` and `/enable`.

use super::view::KeyView;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::{catalog, keys, policy};
use axum::Json;
use axum::extract::{Path, State};

/// Refuses the key from now on; it can be enabled again.
pub async fn disable(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    switch(&app, &caller, &id, false).await
}

/// Accepts the key again.
pub async fn enable(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    switch(&app, &caller, &id, true).await
}

async fn switch(
    app: &SharedApp,
    caller: &Caller,
    id: &str,
    enabled: bool,
) -> Result<Json<KeyView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let (mut key, place) = super::find(app, &mut tx, caller, id).await?;
    let catalog = catalog::load(&mut tx).await?;
    if key.enabled != enabled {
        key.enabled = enabled;
        key.revision = revision;
        key.updated_at = app.now();
        keys::update(&mut tx, &key).await?;
        tx.commit().await?;
        tracing::info!(key = key.id, enabled, "switched a key");
    }
    Ok(Json(KeyView::new(&key, &place, &catalog)))
}
