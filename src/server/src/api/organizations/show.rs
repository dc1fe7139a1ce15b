//! `GET /v1/organizations/{name}`.

use super::view::OrganizationView;
use crate::api::prelude::*;
use paddock_ledger::model::Organization;

/// Shows an organization
///
/// To the operator, and to the organization's admins.
#[utoipa::path(
    get, path = "/v1/organizations/{name}", tag = "organizations", operation_id = "get_organization",
    params(parameters::OrganizationName),
    responses(
        (status = 200, description = "The organization.", body = OrganizationView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<OrganizationView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let organization: Organization = find(&app, &mut tx, &caller, &name).await?;
    let view = OrganizationView::new(&organization, &app.config.organization);
    Ok(Json(view))
}
