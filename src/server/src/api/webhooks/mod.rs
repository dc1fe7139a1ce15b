//! `/v1/namespaces/{name}/webhooks` and `/v1/webhooks/{id}`.

mod body;
mod context;
mod create;
mod delete;
mod deliveries;
mod list;
mod replay;
mod show;
mod target;
mod update;
mod view;

use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use target::check_target;

/// The routes of webhooks.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(show::within, update::within, delete::within))
        .routes(routes!(show::handle, update::handle, delete::handle))
        .routes(routes!(deliveries::handle))
        .routes(routes!(replay::handle))
}
