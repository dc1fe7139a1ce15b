//! `POST /v1/keys/{id}/disable` and `/enable`.

use super::member;
use super::view::KeyView;
use crate::http::actor::Author;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::model::Key;
use paddock_ledger::model::audit::Actor;
use paddock_ledger::rules::key_switch;
use paddock_ledger::store::{catalog, policy};

/// Disables a key
///
/// Refuses the key from now on; it can be enabled again.
#[utoipa::path(
    post, path = "/v1/keys/{id}/disable", tag = "keys", operation_id = "disable_key",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The key as it is now.", body = KeyView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn disable(
    State(app): State<SharedApp>,
    caller: Caller,
    Author(actor): Author,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    switch(&app, &caller, &actor, &id, false).await
}

/// Enables a key
///
/// Accepts the key again.
#[utoipa::path(
    post, path = "/v1/keys/{id}/enable", tag = "keys", operation_id = "enable_key",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The key as it is now.", body = KeyView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn enable(
    State(app): State<SharedApp>,
    caller: Caller,
    Author(actor): Author,
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
    let (before, context) = super::find(app, &mut tx, caller, id).await?;
    let wish = Key {
        enabled,
        ..before.clone()
    };
    member::check(&mut tx, &before, &wish).await?;
    let catalog = catalog::load(&mut tx).await?;
    let switched = key_switch::switch(&mut tx, &context, &before, enabled, revision, actor).await?;
    if switched.is_some() {
        tx.commit().await?;
        tracing::info!(key = before.id, enabled, "switched a key");
    }
    let key = switched.unwrap_or(before);
    Ok(Json(KeyView::new(&key, &context, &catalog)))
}
