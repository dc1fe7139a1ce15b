//! `/v1/namespaces`.

mod auto_refill;
mod body;
mod change;
mod create;
mod delete;
mod list;
mod quota;
mod reservations;
mod resolve;
mod routing;
mod settings;
mod show;
mod usage;
mod view;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use axum::extract::DefaultBodyLimit;
use paddock_ledger::model::Namespace;
use paddock_ledger::model::audit::Actor;
use paddock_ledger::rules::audit;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, namespaces};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

pub(crate) use create::{FAILURE_MODES, PRIORITIES, UNKNOWN_PRICES};
pub(crate) use settings::{CONTENT_MODES, THROTTLE_MODES};

/// The routes of namespaces.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(show::handle, change::handle, delete::handle))
        .routes(routes!(usage::handle))
        .routes(routes!(settings::show, settings::put))
        .routes(routes!(routing::show, routing::put, routing::delete))
        .routes(routes!(resolve::handle).layer(DefaultBodyLimit::max(resolve::MAX_BODY)))
        .routes(routes!(quota::show, quota::patch))
        .routes(routes!(
            auto_refill::show,
            auto_refill::put,
            auto_refill::delete
        ))
        .merge(reservations::routes())
}

/// The namespace of that name, where it is within the caller's reach.
pub(super) async fn find(
    app: &SharedApp,
    tx: &mut Tx,
    caller: &Caller,
    name: &str,
) -> Result<NamespaceContext, ApiError> {
    let context = NamespaceContext::find(tx, name, &app.config.organization).await?;
    let context = context.filter(|context| caller.owns(&context.namespace.organization));
    context.ok_or_else(|| ApiError::not_found("namespace", name))
}

/// Stores a changed namespace with the audit's entry of what changed, and commits.
async fn store(
    mut tx: Tx,
    actor: &Actor,
    context: &NamespaceContext,
    namespace: &Namespace,
    action: &'static str,
) -> Result<(), ApiError> {
    namespaces::update(&mut tx, namespace).await?;
    let change = context.change(action, &namespace.name);
    let change = change.before(&context.namespace).after(namespace);
    audit::record(&mut tx, actor, change).await?;
    tx.commit().await?;
    Ok(())
}
