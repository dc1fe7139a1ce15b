//! `/v1/audit`: every model call and every change.

mod csv_text;
mod cursor;
mod entry;
mod export;
mod list;
mod names;
mod per_key;
mod verify;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of the audit.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(list::handle))
        .routes(routes!(verify::handle))
}

/// The organization and the namespace a caller may see of those it names: the operator sees all,
/// an admin its organization, everybody else their own namespace.
pub(super) fn reach(
    caller: &Caller,
    namespace: Option<String>,
    organization: Option<String>,
) -> Result<(Option<String>, Option<String>), ApiError> {
    caller.may_view_analytics()?;
    if let Some(organization) = organization.as_ref().filter(|name| !caller.owns(name)) {
        return Err(ApiError::not_found("organization", organization));
    }
    match caller {
        Caller::Operator => Ok((organization, namespace)),
        Caller::Holder(holder) => {
            let own = Some(holder.namespace.organization.clone());
            if caller.may_manage().is_ok() {
                return Ok((own, namespace));
            }
            let namespace = namespace.unwrap_or_else(|| holder.namespace.name.clone());
            caller.may_read_namespace(&namespace)?;
            Ok((own, Some(namespace)))
        }
    }
}
