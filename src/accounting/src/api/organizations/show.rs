//! `GET /v1/organizations/{name}`.

use super::view::OrganizationView;
use crate::app::SharedApp;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use axum::Json;
use axum::extract::{Path, State};

/// Answers the operator, and the organization's own admins.
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
