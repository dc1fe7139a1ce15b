//! `DELETE /v1/organizations/{name}`.

use crate::api::prelude::*;
use paddock_ledger::model::DEFAULT_ORGANIZATION;
use paddock_ledger::model::Organization;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::credits;
use paddock_ledger::store::organizations;

/// Deletes an organization
///
/// It must have no namespaces: each of them is deleted by its own name first, so that one slip does not
/// delete fifty teams. What was spent stays in the ledger.
#[utoipa::path(
    delete, path = "/v1/organizations/{name}", tag = "organizations", operation_id = "delete_organization",
    params(parameters::OrganizationName),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    by.must_be_operator()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let organization: Organization = edit.find(&name).await?;
    if name == DEFAULT_ORGANIZATION {
        return Err(ApiError::in_use(format!(
            "The organization '{name}' cannot be deleted: it is the default of new namespaces."
        )));
    }
    let namespaces = organizations::namespaces(&mut edit.tx, &name).await?;
    if namespaces > 0 {
        return Err(ApiError::in_use(format!(
            "The organization '{name}' has {namespaces} namespaces. Delete them first."
        )));
    }
    organizations::delete(&mut edit.tx, &name, edit.revision).await?;
    let scope = Scope::Organization(name.clone());
    let closed = credits::close(&mut edit.tx, &scope, edit.now).await?;
    let change = Change::new(&name, "organization.delete", &name);
    edit.record(change.before(&organization)).await?;
    if let Some(account) = closed {
        let change = Change::new(&name, "credits.close", &account.id).before(&account);
        edit.record(change).await?;
    }
    edit.commit_recorded().await?;
    Ok(Json(Deleted::new("organization", name)))
}
