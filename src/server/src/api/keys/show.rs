//! `GET /v1/keys/{id}` and its limits.

use super::context::KeyContext;
use super::view::{KeyLimits, KeyView};
use crate::api::prelude::*;
use paddock_ledger::store::catalog;

/// Shows a key
///
/// To admins, and to the key's holder.
#[utoipa::path(
    get, path = "/v1/keys/{id}", tag = "keys", operation_id = "get_key",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The key.", body = KeyView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeyView>, ApiError> {
    caller.may_read_key(&id)?;
    let mut tx = app.store.read().await?;
    let found: KeyContext = find(&app, &mut tx, &caller, &id).await?;
    let catalog = catalog::load(&mut tx).await?;
    Ok(Json(KeyView::new(&found.key, &found.context, &catalog)))
}

/// Shows the limits of a key
///
/// Those in force: what the key does not set is its namespace's.
#[utoipa::path(
    get, path = "/v1/keys/{id}/limits", tag = "keys", operation_id = "get_key_limits",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "The limits in force.", body = KeyLimits),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn limits(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<KeyLimits>, ApiError> {
    caller.may_read_key(&id)?;
    let mut tx = app.store.read().await?;
    let found: KeyContext = find(&app, &mut tx, &caller, &id).await?;
    Ok(Json(KeyLimits::new(&found)))
}
