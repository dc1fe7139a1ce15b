//! `/v1/team`: the caller's own namespace.

mod quotas;
mod usage;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::Tx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of the team view.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(quotas::put, quotas::list))
        .routes(routes!(usage::handle))
}

/// The namespace that is named, where it is within the caller's reach; without a name the
/// caller's own, which the operator has not.
async fn find(
    app: &SharedApp,
    tx: &mut Tx,
    caller: &Caller,
    named: Option<String>,
) -> Result<NamespaceContext, ApiError> {
    let name = match (named, caller) {
        (Some(name), _) => name,
        (None, Caller::Holder(holder)) => holder.namespace.name.clone(),
        (None, Caller::Operator) => {
            let message = "The operator's key belongs to no team: name one in 'namespace'.";
            return Err(ApiError::invalid("namespace", message));
        }
    };
    let context = NamespaceContext::find(tx, &name, &app.config.organization).await?;
    let context = context.filter(|context| caller.owns(&context.namespace.organization));
    context.ok_or_else(|| ApiError::not_found("namespace", &name))
}
