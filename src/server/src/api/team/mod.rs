//! `/v1/team`: the caller's own namespace.

mod quotas;
mod usage;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of the team view.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(quotas::put, quotas::list))
        .routes(routes!(usage::handle))
}

/// The name of the namespace that a request is about: the one it names, or the caller's own.
///
/// # Errors
/// 400 if the operator names none: its key belongs to no namespace.
fn named(caller: &Caller, named: Option<String>) -> Result<String, ApiError> {
    match (named, caller) {
        (Some(name), _) => Ok(name),
        (None, Caller::Holder(holder)) => Ok(holder.namespace.name.clone()),
        (None, Caller::Operator(_)) => {
            let message = "The operator's key belongs to no team: name one in 'namespace'.";
            Err(ApiError::invalid("namespace", message))
        }
    }
}
