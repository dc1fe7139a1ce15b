//! `PATCH /v1/organizations/{name}`: what is sent changes, a limit that is `null` is not set any more.

use super::body::{OrganizationBody, UpdateOrganization};
use super::create::open_account;
use super::view::OrganizationView;
use crate::api::prelude::*;
use paddock_ledger::model::Organization;
use paddock_ledger::model::audit::Change;
use paddock_ledger::store::organizations;

/// Updates an organization
///
/// Its namespaces keep their own limits; the organization's apply beside them. Only the operator may:
/// otherwise an organization's admin could lift its own limits.
#[utoipa::path(
    patch, path = "/v1/organizations/{name}", tag = "organizations", operation_id = "update_organization",
    params(parameters::OrganizationName),
    request_body = Option<UpdateOrganization>,
    responses(
        (status = 200, description = "The organization as it is now.", body = OrganizationView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    body: Body<OrganizationBody>,
) -> Result<Json<OrganizationView>, ApiError> {
    by.must_be_operator()?;
    let body = body.read().await?;
    let sent = body.name.clone().value().map(String::from);
    if sent.is_some_and(|sent| sent != name) {
        let message = "An organization's name is its identity: it cannot be changed.";
        return Err(ApiError::invalid("name", message));
    }
    let mut edit = Edit::begin(&app, &by).await?;
    let before: Organization = edit.find(&name).await?;
    let mut organization = before.clone();
    body.apply(&mut organization, edit.now);
    organization.revision = edit.revision;
    organizations::update(&mut edit.tx, &organization).await?;
    open_account(&mut edit.tx, &organization, edit.now).await?;
    let change = Change::new(&name, "organization.update", &name);
    edit.commit(change.before(&before).after(&organization))
        .await?;
    let view = OrganizationView::new(&organization, &app.config.organization);
    Ok(Json(view))
}
