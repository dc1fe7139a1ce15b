//! The pages. Each file is one page, and what is filled in on it.

mod account;
mod alerts;
mod audit;
mod gateways;
mod key;
mod keys;
pub mod missing;
mod models;
mod namespace;
mod namespaces;
mod overview;
mod request;
mod requests;
mod usage;

use crate::shared::Console;
use axum::Router;
use axum::routing::{get, post};

/// Their routes.
pub fn routes() -> Router<Console> {
    Router::new()
        .route("/console/", get(overview::show))
        .route("/console/account", get(account::show))
        .route("/console/usage", get(usage::show))
        .route("/console/usage.csv", get(usage::csv))
        .route("/console/requests", get(requests::show))
        .route("/console/requests/{id}", get(request::show))
        .route(
            "/console/namespaces",
            get(namespaces::show).post(namespaces::create),
        )
        .route(
            "/console/namespaces/{name}",
            get(namespace::show).post(namespace::update),
        )
        .route("/console/keys", get(keys::show))
        .route("/console/keys/new", get(keys::new).post(keys::create))
        .route("/console/keys/{id}", get(key::show).post(key::update))
        .route("/console/keys/{id}/rotate", post(key::rotate))
        .route("/console/keys/{id}/disable", post(key::disable))
        .route("/console/keys/{id}/enable", post(key::enable))
        .route("/console/keys/{id}/delete", post(key::delete))
        .route("/console/models", get(models::show))
        .route("/console/models/edit", get(models::edit).post(models::put))
        .route("/console/alerts", get(alerts::show))
        .route(
            "/console/alerts/{namespace}",
            get(alerts::of_namespace).post(alerts::create),
        )
        .route(
            "/console/alerts/{namespace}/webhooks",
            post(alerts::create_webhook),
        )
        .route("/console/alerts/{namespace}/delete", post(alerts::delete))
        .route("/console/audit", get(audit::show))
        .route("/console/gateways", get(gateways::show))
}
