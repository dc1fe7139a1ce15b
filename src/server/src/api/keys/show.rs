//! `GET /v1/keys/{id}`.

use super::view::KeyView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::store::catalog;

/// Shows a key
///
/// Answers admins, and the key's holder.
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
    let (key, context) = super::find(&app, &mut tx, &caller, &id).await?;
    let catalog = catalog::load(&mut tx).await?;
    Ok(Json(KeyView::new(&key, &context, &catalog)))
}
