//! `POST /v1/keys/{id}/disable` and `/enable`.

use super::view::KeyView;
use crate::app::SharedApp;
use crate::domain::audit::Actor;
use crate::domain::key_switch;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::{catalog, policy};
use axum::Json;
use axum::extract::{Path, State};

/// Refuses the key from now on; it can be enabled again.
pub async fn disable(
    State(app): State<SharedApp>,
    caller: Caller,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    switch(&app, &caller, &actor, &id, false).await
}

/// Accepts the key again.
pub async fn enable(
    State(app): State<SharedApp>,
    caller: Caller,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    switch(&app, &caller, &actor, &id, true).await
}

async fn switch(
    app: &SharedApp,
    caller: &Caller,
    actor: &Actor,
    id: &str,
    enabled: bool,
) -> Result<Json<KeyView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let (before, place) = super::find(app, &mut tx, caller, id).await?;
    let catalog = catalog::load(&mut tx).await?;
    let switched = key_switch::switch(&mut tx, &place, &before, enabled, revision, actor).await?;
    if switched.is_some() {
        tx.commit().await?;
        tracing::info!(key = before.id, enabled, "switched a key");
    }
    let key = switched.unwrap_or(before);
    Ok(Json(KeyView::new(&key, &place, &catalog)))
}
