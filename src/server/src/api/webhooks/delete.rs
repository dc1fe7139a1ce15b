//! `DELETE /v1/webhooks/{id}`, also under its namespace.

use crate::http::author::Author;
use crate::http::caller::Caller;
use crate::http::deleted::Deleted;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::model::audit::Actor;
use paddock_ledger::rules::audit;
use paddock_ledger::store::webhooks;

/// Deletes a webhook with its log
///
/// What was not delivered yet is not.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "delete_webhook",
    params(parameters::WebhookId),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(id): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    delete(&app, &caller, &actor, None, &id).await
}

/// Deletes a webhook of a namespace with its log
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/webhooks/{id}", tag = "webhooks", operation_id = "delete_namespace_webhook",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn within(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<Deleted>, ApiError> {
    delete(&app, &caller, &actor, Some(&name), &id).await
}

async fn delete(
    app: &SharedApp,
    caller: &Caller,
    actor: &Actor,
    namespace: Option<&str>,
    id: &str,
) -> Result<Json<Deleted>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let (webhook, context) = super::find(app, &mut tx, caller, id).await?;
    if namespace.is_some_and(|name| name != webhook.namespace) {
        return Err(ApiError::not_found("webhook", id));
    }
    webhooks::delete(&mut tx, id).await?;
    let change = context.change("webhook.delete", id).before(&webhook);
    audit::record(&mut tx, actor, change).await?;
    tx.commit().await?;
    tracing::info!(webhook = id, "deleted a webhook");
    Ok(Json(Deleted::new("webhook", id)))
}
