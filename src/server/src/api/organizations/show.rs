//! `GET /v1/organizations/{name}`.

use super::view::OrganizationView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;

/// Shows an organization
///
/// Answers the operator, and the organization's own admins.
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
    let organization = super::find(&mut tx, &caller, &name).await?;
    let defaults = &app.config.organization;
    Ok(Json(OrganizationView::new(&organization, defaults)))
}
