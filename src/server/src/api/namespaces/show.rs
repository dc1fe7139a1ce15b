//! `GET /v1/namespaces/{name}`.

use super::view::NamespaceView;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::catalog;

/// Shows a namespace
///
/// To admins, and to the holders of the namespace's keys.
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
    let context: NamespaceContext = find(&app, &mut tx, &caller, &name).await?;
    let catalog = catalog::load(&mut tx).await?;
    Ok(Json(NamespaceView::new(&context, &catalog)))
}
