//! `/v1/requests`: calls of models, found by what they were, and the story of each.

mod list;
mod show;
mod view;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of requests.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(list::handle))
        .routes(routes!(show::handle))
}
