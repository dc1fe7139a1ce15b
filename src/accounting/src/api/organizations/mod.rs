//! `/v1/organizations`.

mod change;
mod create;
mod delete;
mod list;
mod show;
mod view;

use crate::app::SharedApp;
use crate::domain::records::Organization;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::store::{Tx, organizations};
use axum::Router;
use axum::routing::{get, post};

/// The routes of organizations.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/v1/organizations", post(create::handle).get(list::handle))
        .route(
            "/v1/organizations/{name}",
            get(show::handle)
                .patch(change::handle)
                .delete(delete::handle),
        )
}

/// The organization of that name, where it is within the caller's reach.
async fn find(tx: &mut Tx, caller: &Caller, name: &str) -> Result<Organization, ApiError> {
    let found = organizations::find(tx, name).await?;
    let found = found.filter(|organization| caller.owns(&organization.name));
    found.ok_or_else(|| ApiError::not_found("organization", name))
}
