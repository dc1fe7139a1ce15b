//! `DELETE /v1/organizations/{name}`.

use crate::http::author::Author;
use crate::http::caller::Caller;
use crate::http::deleted::Deleted;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::records::DEFAULT_ORGANIZATION;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::credits;
use paddock_ledger::store::{organizations, policy};

/// Deletes an organization
///
/// One that has no namespaces any more: each of those ends by its own name, so that nobody ends fifty
/// teams with one slip. What was spent stays in the ledger.
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
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
) -> Result<Json<Deleted>, ApiError> {
    caller.must_be_operator()?;
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let organization = super::find(&mut tx, &caller, &name).await?;
    if name == DEFAULT_ORGANIZATION {
        return Err(ApiError::in_use(format!(
            "'{name}' is the organization of everything that names none: it cannot be deleted."
        )));
    }
    let namespaces = organizations::namespaces(&mut tx, &name).await?;
    if namespaces > 0 {
        return Err(ApiError::in_use(format!(
            "The organization '{name}' has {namespaces} namespaces. Delete them first."
        )));
    }
    organizations::delete(&mut tx, &name, revision).await?;
    let change = Change::new(&name, "organization.delete", &name).before(&organization);
    let closed = credits::close(&mut tx, &Scope::Organization(name.clone()), app.now()).await?;
    audit::record(&mut tx, &actor, change).await?;
    if let Some(account) = closed {
        let change = Change::new(&name, "credits.close", &account.id).before(&account);
        audit::record(&mut tx, &actor, change).await?;
    }
    tx.commit().await?;
    tracing::info!(organization = name, "deleted an organization");
    Ok(Json(Deleted::new("organization", name)))
}
