//! `/v1/namespaces/{name}/webhooks` and `/v1/webhooks/{id}`.

mod body;
mod change;
mod create;
mod delete;
mod deliveries;
mod list;
mod replay;
mod show;
mod view;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::model::webhook::Webhook;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, webhooks};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use create::target;
pub(crate) use deliveries::STATUSES;

/// The routes of webhooks.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(show::within, change::within, delete::within))
        .routes(routes!(show::handle, change::handle, delete::handle))
        .routes(routes!(deliveries::handle))
        .routes(routes!(replay::handle))
}

/// The webhook of that id and its place, where it is within the caller's reach. Webhooks are for
/// those who manage: their URLs may be secrets.
async fn find(
    app: &SharedApp,
    tx: &mut Tx,
    caller: &Caller,
    id: &str,
) -> Result<(Webhook, NamespaceContext), ApiError> {
    let unknown = || ApiError::not_found("webhook", id);
    let webhook = webhooks::find(tx, id).await?.ok_or_else(unknown)?;
    let context = NamespaceContext::find(tx, &webhook.namespace, &app.config.organization).await?;
    let context = context.filter(|context| caller.owns(&context.namespace.organization));
    Ok((webhook, context.ok_or_else(unknown)?))
}
