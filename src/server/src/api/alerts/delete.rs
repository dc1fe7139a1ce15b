//! `DELETE /v1/namespaces/{name}/alerts/{id}`.

use crate::http::author::Author;
use crate::http::caller::Caller;
use crate::http::deleted::Deleted;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::rules::audit;
use paddock_ledger::store::alerts;

/// Deletes an alert
///
/// Deletes an alert, by its id or its name. What it did stays: a disabled key is enabled by hand, a
/// throttle ends with its period.
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/alerts/{id}", tag = "alerts", operation_id = "delete_alert",
    params(parameters::WithinNamespace),
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
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<Deleted>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.write().await?;
    let (alert, context) = super::find(&app, &mut tx, &caller, &name, &id).await?;
    alerts::delete(&mut tx, &alert.id).await?;
    let change = context.change("alert.delete", &alert.id).before(&alert);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(alert = alert.id, "deleted an alert");
    Ok(Json(Deleted::new("alert", alert.id)))
}
