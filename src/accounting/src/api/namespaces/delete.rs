//! `DELETE /v1/namespaces/{name}`: the namespace and its keys end at once.

use crate::app::SharedApp;
use crate::domain::audit::{self, Actor};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::{keys, namespaces, policy};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

/// Deletes a namespace with its keys. What they used stays in the ledger, and counts again where
/// a namespace of the same name is made.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let place = super::find(&app, &mut tx, &caller, &name).await?;
    let keys = keys::of_namespace(&mut tx, &name).await?;
    for key in &keys {
        keys::delete(&mut tx, key, revision, app.now()).await?;
        let change = place.change("key.delete", &key.id).before(key);
        audit::record(&mut tx, &actor, change).await?;
    }
    namespaces::delete(&mut tx, &name, revision).await?;
    let change = place.change("namespace.delete", &name);
    audit::record(&mut tx, &actor, change.before(&place.namespace)).await?;
    tx.commit().await?;
    tracing::info!(namespace = name, keys = keys.len(), "deleted a namespace");
    Ok(Json(json!({
        "id": name,
        "object": "namespace",
        "deleted": true,
        "deleted_keys": keys.len(),
    })))
}
