//! `/v1/usage`: usage as it is booked, and what is yet to be.

mod focus;
mod groups;
mod reconcile;
mod selection;
mod series;
mod stream;
mod table;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of usage.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(stream::handle))
        .routes(routes!(reconcile::handle))
        .routes(routes!(series::handle))
        .routes(routes!(table::handle))
}
