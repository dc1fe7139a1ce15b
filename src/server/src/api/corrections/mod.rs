//! `/v1/corrections`: money that the operator books without a call.

mod body;
mod create;
mod list;
mod view;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of corrections.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new().routes(routes!(create::handle, list::handle))
}
