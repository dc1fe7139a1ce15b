//! `GET /v1/namespaces/{name}`.

use super::view::NamespaceView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::store::catalog;

/// Shows a namespace
///
/// Answers admins, and the holders of the namespace's keys.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}", tag = "namespaces", operation_id = "get_namespace",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The namespace.", body = NamespaceView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<NamespaceView>, ApiError> {
    caller.may_read_namespace(&name)?;
    let mut tx = app.store.read().await?;
    let context = super::find(&app, &mut tx, &caller, &name).await?;
    let catalog = catalog::load(&mut tx).await?;
    Ok(Json(NamespaceView::new(&context, &catalog)))
}
