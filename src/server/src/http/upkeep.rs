//! What is due before a request is looked at.

use super::error::ApiError;
use crate::state::SharedApp;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use paddock_ledger::rules::overrides;

/// Brings back quotas whose time has come, and goes on with the request.
///
/// # Errors
/// 503 where the database does not answer.
pub async fn before_each(
    State(app): State<SharedApp>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    overrides::revert_due(&app.store, app.now()).await?;
    Ok(next.run(request).await)
}
