//! `/v1/keys`.

mod authority;
mod body;
mod context;
mod create;
mod delete;
mod list;
mod member;
mod revoke;
mod rotate;
mod show;
mod status;
mod switch;
mod update;
mod usage;
mod view;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of keys.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(show::handle, update::handle, delete::handle))
        .routes(routes!(switch::disable))
        .routes(routes!(switch::enable))
        .routes(routes!(update::limits, show::limits))
        .routes(routes!(rotate::handle))
        .routes(routes!(revoke::handle))
        .routes(routes!(status::handle))
        .routes(routes!(usage::handle))
}
