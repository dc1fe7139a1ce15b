//! The URLs that may be delivered to.

use crate::http::error::ApiError;
use crate::state::App;

/// Checks that deliveries may go to a URL: its text, and the addresses that its host has now. `field` is
/// its field.
///
/// # Errors
/// 400 if they may not.
pub async fn check_target(app: &App, field: &str, url: &str) -> Result<(), ApiError> {
    let refused = |refused| {
        let message = format!("Nothing can be delivered to '{field}': {refused}.");
        ApiError::invalid(field, message)
    };
    let guard = &app.config.webhook_guard;
    let url = guard.check(url).map_err(refused)?;
    guard.check_names(&url).await.map_err(refused)
}
