//! `DELETE /v1/keys/{id}`: the key ends at once; what it used stays in the ledger.

use crate::app::SharedApp;
use crate::domain::audit::{self, Actor};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::{keys, policy};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

/// Deletes a key. Its namespace stays.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let (key, place) = super::find(&app, &mut tx, &caller, &id).await?;
    keys::delete(&mut tx, &key, revision, app.now()).await?;
    let change = place.change("key.delete", &key.id).before(&key);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(key = key.id, "deleted a key");
    Ok(Json(
        json!({ "id": key.id, "object": "key", "deleted": true }),
    ))
}
