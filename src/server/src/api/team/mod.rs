//! `/v1/team`: the caller's own namespace.

mod quotas;
mod usage;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of the team view.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(quotas::put, quotas::list))
        .routes(routes!(usage::handle))
}
