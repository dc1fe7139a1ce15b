//! The management API: one folder a resource, one file a verb.

mod account;
mod alerts;
mod audit;
mod cost_attribution;
mod keys;
mod namespaces;
mod organizations;
mod prices;
mod roles;
mod team;
mod usage;
mod webhooks;

use crate::app::SharedApp;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;

/// Largest body of a management request.
const MAX_BODY: usize = 1 << 20;

/// Every route of the management API.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/v1/account/balance", get(account::balance))
        .route("/v1/roles", get(roles::list))
        .route("/v1/cost-attribution", get(cost_attribution::handle))
        .merge(audit::routes())
        .merge(alerts::routes())
        .merge(keys::routes())
        .merge(namespaces::routes())
        .merge(organizations::routes())
        .merge(prices::routes())
        .merge(team::routes())
        .merge(usage::routes())
        .merge(webhooks::routes())
        .layer(DefaultBodyLimit::max(MAX_BODY))
}
