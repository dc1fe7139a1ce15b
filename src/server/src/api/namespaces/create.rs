//! `POST /v1/namespaces`: a new namespace.

use super::body::{CreateNamespace, NamespaceBody};
use super::store::{check, open_account};
use super::view::NamespaceView;
use crate::api::ceilings::{Counted, has_room};
use crate::api::owners::may_set;
use crate::api::prelude::*;
use paddock_ledger::model::DEFAULT_ORGANIZATION;
use paddock_ledger::model::Namespace;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::owners::NamespaceChange;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{catalog, namespaces, organizations};

/// Creates a namespace
///
/// If the operator names an organization that does not exist, it is created too. The name stays the
/// organization's, also when the namespace is deleted: no other organization can have it. An organization
/// has no more namespaces than its `max_namespaces`.
#[utoipa::path(
    post, path = "/v1/namespaces", tag = "namespaces", operation_id = "create_namespace",
    request_body = CreateNamespace,
    responses(
        (status = 201, description = "The namespace.", body = NamespaceView),
        refusals::Forbidden,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    body: Body<NamespaceBody>,
) -> Result<(StatusCode, Json<NamespaceView>), ApiError> {
    by.may_manage()?;
    let body = body.read().await?;
    let name = body.name.clone().required("name")?;
    let own = by.organization().unwrap_or(DEFAULT_ORGANIZATION);
    let organization = body.organization.clone().value();
    let organization = organization.map_or_else(|| own.to_owned(), String::from);
    if !by.owns(&organization) {
        let message = format!("Your key may not create namespaces in '{organization}'.");
        return Err(ApiError::forbidden(message));
    }
    let mut edit = Edit::begin(&app, &by).await?;
    let (now, revision) = (edit.now, edit.revision);
    let mut namespace = Namespace::new(name.into(), organization, now);
    namespace.revision = revision;
    let fresh = namespace.clone();
    body.apply(&mut namespace);
    let organization = &namespace.organization;
    let is_new = organizations::ensure(&mut edit.tx, organization, revision, now).await?;
    if !is_new
        && organizations::find(&mut edit.tx, organization)
            .await?
            .is_none()
    {
        return Err(ApiError::conflict(format!(
            "An organization named '{organization}' was deleted, and its audit is under this name. \
             Choose another name."
        )));
    }
    let defaults = &app.config.organization;
    let context = NamespaceContext::of(&mut edit.tx, namespace, defaults).await?;
    let catalog = catalog::load(&mut edit.tx).await?;
    let namespace = &context.namespace;
    let owned = NamespaceChange {
        organization: &context.organization,
        before: &fresh,
        after: namespace,
    };
    may_set(&by, &owned)?;
    check(&context, &catalog)?;
    has_room(&mut edit.tx, &context.organization, Counted::Namespaces, 1).await?;
    if !namespaces::insert(&mut edit.tx, namespace).await? {
        return Err(ApiError::conflict(format!(
            "A namespace named '{}' exists already, or belonged to another organization. Choose \
             another name.",
            namespace.name
        )));
    }
    open_account(&mut edit.tx, namespace, now).await?;
    if is_new {
        let created = &context.organization;
        let change = Change::new(&created.name, "organization.create", &created.name);
        edit.record(change.after(created)).await?;
    }
    let change = context.change("namespace.create", &namespace.name);
    edit.commit(change.after(namespace)).await?;
    let view = NamespaceView::new(&context, &catalog);
    Ok((StatusCode::CREATED, Json(view)))
}
