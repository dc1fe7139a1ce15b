//! `/v1/credits`: prepaid balances.

mod account;
mod body;
mod create;
mod hook;
mod list;
mod view;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of credits.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(hook::handle))
}
