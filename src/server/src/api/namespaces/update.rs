//! `PATCH /v1/namespaces/{name}`: what is sent changes, what is `null` becomes the organization's.

use super::body::{NamespaceBody, UpdateNamespace};
use super::store::{check, open_account, update};
use super::view::NamespaceView;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::overrides;
use paddock_ledger::store::catalog;

/// Updates a namespace
///
/// Its keys keep their own limits; the namespace's hold beside them.
#[utoipa::path(
    patch, path = "/v1/namespaces/{name}", tag = "namespaces", operation_id = "update_namespace",
    params(parameters::NamespaceName),
    request_body = Option<UpdateNamespace>,
    responses(
        (status = 200, description = "The namespace as it is now.", body = NamespaceView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    body: Body<NamespaceBody>,
) -> Result<Json<NamespaceView>, ApiError> {
    by.may_manage()?;
    let body = body.read().await?;
    let mut edit = Edit::begin(&app, &by).await?;
    let before: NamespaceContext = edit.find(&name).await?;
    body.keeps_its_place(&before.namespace)?;
    let (monthly, daily) = body.changes_quotas();
    let mut namespace = before.namespace.clone();
    body.apply(&mut namespace);
    let catalog = catalog::load(&mut edit.tx).await?;
    check(&before.with(namespace.clone()), &catalog)?;
    let (change, namespace) = update(&mut edit, &before, namespace, "namespace.update").await?;
    let now = edit.now;
    open_account(&mut edit.tx, &namespace, now).await?;
    overrides::supersede(&mut edit.tx, &name, monthly, daily).await?;
    edit.commit(change).await?;
    let context = before.with(namespace);
    Ok(Json(NamespaceView::new(&context, &catalog)))
}
