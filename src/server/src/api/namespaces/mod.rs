//! `/v1/namespaces`.

mod auto_refill;
mod body;
mod create;
mod delete;
mod document;
mod list;
mod moving;
mod quota;
mod reservations;
mod resolve;
mod routing;
mod settings;
mod show;
mod store;
mod update;
mod usage;
mod view;

use crate::state::SharedApp;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// The routes of namespaces.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(show::handle, update::handle, delete::handle))
        .routes(routes!(usage::handle))
        .routes(routes!(settings::show, settings::put))
        .routes(routes!(routing::show, routing::put, routing::delete))
        .routes(routes!(resolve::handle).layer(DefaultBodyLimit::max(resolve::MAX_BODY)))
        .routes(routes!(quota::show, quota::patch))
        .routes(routes!(
            auto_refill::show,
            auto_refill::put,
            auto_refill::delete
        ))
        .merge(reservations::routes())
}
