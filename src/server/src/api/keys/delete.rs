//! `DELETE /v1/keys/{id}`: the key ends at once; what it used stays in the ledger.

use crate::http::actor::Author;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::words::Deleted;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::rules::audit;
use paddock_ledger::store::{keys, policy};

/// Deletes a key
///
/// It ends at once. Its namespace stays, and what it used stays in the ledger.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "keys", operation_id = "delete_key",
    params(parameters::KeyId),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author(actor): Author,
    Path(id): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let (key, context) = super::find(&app, &mut tx, &caller, &id).await?;
    keys::delete(&mut tx, &key, revision, app.now()).await?;
    let change = context.change("key.delete", &key.id).before(&key);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(key = key.id, "deleted a key");
    Ok(Json(Deleted::new("key", key.id)))
}
