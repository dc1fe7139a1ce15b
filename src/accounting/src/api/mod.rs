//! The management API: one folder a resource, one file a verb.

mod keys;

use crate::app::SharedApp;
use axum::Router;

/// Every route of the management API.
pub fn routes() -> Router<SharedApp> {
    Router::new().merge(keys::routes())
}
