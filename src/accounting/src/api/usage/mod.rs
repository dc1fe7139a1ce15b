//! `/v1/usage`: usage as it is booked.

mod stream;

use crate::app::SharedApp;
use axum::Router;
use axum::routing::get;

/// The routes of usage.
pub fn routes() -> Router<SharedApp> {
    Router::new().route("/v1/usage/stream", get(stream::handle))
}
