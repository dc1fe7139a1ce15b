//! `DELETE /v1/webhooks/{id}`, also under its namespace.

use crate::app::SharedApp;
use crate::domain::audit::{self, Actor};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::webhooks;
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

/// Deletes a webhook with its log; what was not delivered yet is not.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    delete(&app, &caller, &actor, None, &id).await
}

/// Deletes a webhook of a namespace.
pub async fn within(
    State(app): State<SharedApp>,
    caller: Caller,
    actor: Actor,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    delete(&app, &caller, &actor, Some(&name), &id).await
}

async fn delete(
    app: &SharedApp,
    caller: &Caller,
    actor: &Actor,
    namespace: Option<&str>,
    id: &str,
) -> Result<Json<Value>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let (webhook, place) = super::find(app, &mut tx, caller, id).await?;
    if namespace.is_some_and(|name| name != webhook.namespace) {
        return Err(ApiError::not_found("webhook", id));
    }
    webhooks::delete(&mut tx, id).await?;
    let change = place.change("webhook.delete", id).before(&webhook);
    audit::record(&mut tx, actor, change).await?;
    tx.commit().await?;
    tracing::info!(webhook = id, "deleted a webhook");
    Ok(Json(
        json!({ "id": id, "object": "webhook", "deleted": true }),
    ))
}
