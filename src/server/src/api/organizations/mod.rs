//! `/v1/organizations`.

mod body;
mod change;
mod create;
mod delete;
mod list;
mod roles;
mod show;
mod view;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::model::Organization;
use paddock_ledger::store::{Tx, organizations};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of organizations.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(show::handle, change::handle, delete::handle))
        .routes(routes!(roles::list))
        .routes(routes!(roles::show, roles::put, roles::delete))
}

/// The organization of that name, where it is within the caller's reach.
async fn find(tx: &mut Tx, caller: &Caller, name: &str) -> Result<Organization, ApiError> {
    let found = organizations::find(tx, name).await?;
    let found = found.filter(|organization| caller.owns(&organization.name));
    found.ok_or_else(|| ApiError::not_found("organization", name))
}
