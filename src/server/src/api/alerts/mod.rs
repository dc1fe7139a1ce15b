//! `/v1/namespaces/{name}/alerts`.

mod body;
mod check;
mod create;
mod delete;
mod show;
mod update;
mod view;

use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::model::alert::Alert;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{StoreError, Tx, alerts};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of alerts.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, show::list))
        .routes(routes!(show::handle, update::handle, delete::handle))
}

/// The alert of a namespace that has that id or name.
async fn find_alert(tx: &mut Tx, context: &NamespaceContext, id: &str) -> Result<Alert, ApiError> {
    let alert = alerts::find(tx, &context.namespace.name, id).await?;
    alert.ok_or_else(|| ApiError::not_found("alert", id))
}

/// Answers 409 if an alert could not be stored because its name is taken.
fn stored(result: Result<(), StoreError>, alert: &Alert) -> Result<(), ApiError> {
    match result {
        Err(error) if error.is_duplicate() => Err(ApiError::conflict(format!(
            "An alert named '{}' exists already. Choose another name, or delete it first.",
            alert.name
        ))),
        result => Ok(result?),
    }
}
