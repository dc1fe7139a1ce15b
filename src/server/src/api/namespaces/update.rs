//! `PATCH /v1/namespaces/{name}`: what is sent changes, what is `null` becomes the organization's.

use super::body::{NamespaceBody, UpdateNamespace};
use super::moving::{self, destination};
use super::store::{check, open_account, update};
use super::view::NamespaceView;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::overrides;
use paddock_ledger::store::catalog;

/// Updates a namespace
///
/// Its keys keep their own limits; the namespace's hold beside them. The operator may move it to another
/// organization: with its keys, members and balance, within that organization's limits. What was used before
/// stays the organization's that it was of, in every report and bill.
#[utoipa::path(
    patch, path = "/v1/namespaces/{name}", tag = "namespaces", operation_id = "update_namespace",
    params(parameters::NamespaceName),
    request_body = Option<UpdateNamespace>,
    responses(
        (status = 200, description = "The namespace as it is now.", body = NamespaceView),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
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
    let place = match body.moves_to(&before.namespace)? {
        Some(organization) => destination(&app, &mut edit, &before, &organization).await?,
        None => before.clone(),
    };
    let moves = place.organization.name != before.organization.name;
    let (monthly, daily) = body.changes_quotas();
    let mut namespace = place.namespace.clone();
    body.apply(&mut namespace);
    let catalog = catalog::load(&mut edit.tx).await?;
    check(&place.with(namespace.clone()), &catalog)?;
    let (change, namespace) = update(&mut edit, &before, namespace, "namespace.update").await?;
    let now = edit.now;
    open_account(&mut edit.tx, &namespace, now).await?;
    overrides::supersede(&mut edit.tx, &name, monthly, daily).await?;
    let context = place.with(namespace);
    match moves {
        false => edit.commit(change).await?,
        true => {
            moving::follow(&mut edit, &before, &context).await?;
            for change in moving::changes(&before, &context) {
                edit.record(change).await?;
            }
            edit.commit_recorded().await?;
        }
    }
    Ok(Json(NamespaceView::new(&context, &catalog)))
}
