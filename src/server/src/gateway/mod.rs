//! The protocol with gateways: see `paddock_core::wire`.

mod bound;
mod known_keys;
mod lend;
mod protocol;
mod reconcile;
mod resolve;
mod stored_objects;
mod sync;

use crate::http::error::ApiError;
use crate::state::SharedApp;
use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::post;
use paddock_core::wire::{LEND_PATH, RECONCILE_PATH, RESOLVE_PATH, SYNC_PATH};
use serde::Deserialize;

/// Largest message of a gateway.
const MAX_BODY: usize = 16 << 20;

/// The routes of the protocol.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route(RESOLVE_PATH, post(resolve::handle))
        .route(LEND_PATH, post(lend::handle))
        .route(SYNC_PATH, post(sync::handle))
        .route(RECONCILE_PATH, post(reconcile::handle))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(protocol::agree))
}

/// Reads a message; an error names what is wrong with it.
fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::invalid(
            "",
            format!("This is not a message of this protocol: {error}"),
        )
    })
}
