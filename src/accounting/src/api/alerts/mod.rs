//! `/v1/namespaces/{name}/alerts`.

mod change;
mod create;
mod delete;
mod draft;
mod show;
mod view;

use crate::app::SharedApp;
use crate::domain::alerts::Alert;
use crate::domain::standing::Place;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::{Tx, alerts};
use axum::Router;
use axum::routing::{get, post};

/// The routes of alerts.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route(
            "/v1/namespaces/{name}/alerts",
            post(create::handle).get(show::list),
        )
        .route(
            "/v1/namespaces/{name}/alerts/{id}",
            get(show::handle)
                .patch(change::handle)
                .delete(delete::handle),
        )
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
) -> Result<(Alert, Place), ApiError> {
    let place = super::namespaces::find(app, tx, caller, namespace).await?;
    let alert = alerts::find(tx, namespace, id).await?;
    Ok((
        alert.ok_or_else(|| ApiError::not_found("alert", id))?,
        place,
    ))
}
