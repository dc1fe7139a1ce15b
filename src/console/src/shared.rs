//! What every page is given.

use axum::Router;
use paddock_server::state::SharedApp;
use std::sync::Arc;

/// Largest form, in bytes.
pub const MAX_FORM: usize = 64 << 10;

/// The service, and its API.
pub struct Shared {
    /// What handlers of the service are given.
    pub app: SharedApp,
    /// The management API.
    pub api: Router,
}

/// As handlers hold it.
pub type Console = Arc<Shared>;
