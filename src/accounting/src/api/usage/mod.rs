//! `/v1/usage`: usage as it is booked, and what is yet to be.

mod reconcile;
mod stream;

use crate::app::SharedApp;
use axum::Router;
use axum::routing::{get, post};

/// The routes of usage.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/v1/usage/stream", get(stream::handle))
        .route("/v1/usage/reconcile", post(reconcile::handle))
}
