//! `/v1/prices`: models and what they cost.

mod body;
mod deployments;
mod list;
mod parts;
mod put;
mod view;
mod withdraw;

pub use view::PriceView;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of prices. A model's name may contain slashes.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(list::handle))
        .routes(routes!(list::one, put::handle, withdraw::handle))
}
