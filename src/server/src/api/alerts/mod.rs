//! `/v1/namespaces/{name}/alerts`.

mod body;
mod change;
mod create;
mod delete;
mod draft;
mod show;
mod view;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::model::alert::Alert;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, alerts};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of alerts.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, show::list))
        .routes(routes!(show::handle, change::handle, delete::handle))
}

fn taken(alert: &Alert) -> ApiError {
    ApiError::conflict(format!(
        "An alert named '{}' exists already. Choose another name, or delete it first.",
        alert.name
    ))
}

/// The alert of that id or name and its place, where it is within the caller's reach.
async fn find(
    app: &SharedApp,
    tx: &mut Tx,
    caller: &Caller,
    namespace: &str,
    id: &str,
) -> Result<(Alert, NamespaceContext), ApiError> {
    let context = super::namespaces::find(app, tx, caller, namespace).await?;
    let alert = alerts::find(tx, namespace, id).await?;
    Ok((
        alert.ok_or_else(|| ApiError::not_found("alert", id))?,
        context,
    ))
}
