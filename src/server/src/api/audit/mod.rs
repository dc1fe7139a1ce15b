//! `/v1/audit`: every model call and every change.

mod cursor;
mod entry;
mod export;
mod list;
pub(super) mod names;
mod per_key;
mod verify;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of the audit.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(list::handle))
        .routes(routes!(verify::handle))
}
