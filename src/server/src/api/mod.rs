//! The management API: one folder a resource, one file a verb.

mod account;
mod alerts;
mod aliases;
mod audit;
mod ceilings;
mod corrections;
mod cost_attribution;
mod credits;
pub mod csv_text;
mod email;
mod gateways;
mod keys;
mod members;
mod namespaces;
mod organizations;
mod owners;
mod prelude;
mod prices;
mod report;
mod requests;
mod roles;
mod spending;
mod team;
mod usage;
mod webhooks;
mod whoami;

use crate::state::SharedApp;
use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest body of a management request.
const MAX_BODY: usize = 1 << 20;

/// Every route of the management API.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(account::balance))
        .routes(routes!(whoami::handle))
        .routes(routes!(roles::list))
        .routes(routes!(cost_attribution::handle))
        .routes(routes!(gateways::list))
        .merge(audit::routes())
        .merge(alerts::routes())
        .merge(aliases::routes())
        .merge(corrections::routes())
        .merge(credits::routes())
        .merge(keys::routes())
        .merge(members::routes())
        .merge(namespaces::routes())
        .merge(organizations::routes())
        .merge(prices::routes())
        .merge(requests::routes())
        .merge(team::routes())
        .merge(usage::routes())
        .merge(webhooks::routes())
        .layer(DefaultBodyLimit::max(MAX_BODY))
}
