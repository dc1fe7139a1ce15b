//! `/v1/keys`.

mod create;
mod view;

use crate::app::SharedApp;
use axum::Router;
use axum::routing::post;

/// The routes of keys.
pub fn routes() -> Router<SharedApp> {
    Router::new().route("/v1/keys", post(create::handle))
}
