//! `PATCH /v1/organizations/{name}`: what is sent changes, what is `null` is no limit any more.

use super::body::ChangeOrganization;
use super::create::{apply, open_account};
use super::view::OrganizationView;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::model::audit::Change;
use paddock_ledger::rules::audit;
use paddock_ledger::store::{organizations, policy};

/// Changes an organization
///
/// Its namespaces keep their own limits; the organization's hold beside them. Only the operator may: an
/// organization's admin could lift what binds it.
#[utoipa::path(
    patch, path = "/v1/organizations/{name}", tag = "organizations", operation_id = "update_organization",
    params(parameters::OrganizationName),
    request_body = Option<ChangeOrganization>,
    responses(
        (status = 200, description = "The organization as it is now.", body = OrganizationView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<Json<OrganizationView>, ApiError> {
    caller.must_be_operator()?;
    let mut fields = Fields::parse(&body)?;
    if fields.has("name") && fields.required_text("name")? != name {
        let message = "An organization's name is its identity: it cannot be changed.";
        return Err(ApiError::invalid("name", message));
    }
    let mut tx = app.store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    let before = super::find(&mut tx, &caller, &name).await?;
    let mut organization = before.clone();
    apply(&app, &mut fields, &mut organization)?;
    fields.finish()?;
    organization.revision = revision;
    organization.updated_at = app.now();
    organizations::update(&mut tx, &organization).await?;
    open_account(&mut tx, &organization, app.now()).await?;
    let change = Change::new(&name, "organization.update", &name);
    let change = change.before(&before).after(&organization);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(organization = name, "changed an organization");
    let defaults = &app.config.organization;
    Ok(Json(OrganizationView::new(&organization, defaults)))
}
