//! `/v1/keys`.

mod body;
mod change;
mod create;
mod delete;
mod limits;
mod list;
mod member;
mod rotate;
mod show;
mod status;
mod switch;
mod usage;
mod view;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::SharedApp;
use paddock_ledger::model::Key;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, keys};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use create::ROLES;

/// The routes of keys.
pub fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(create::handle, list::handle))
        .routes(routes!(show::handle, change::handle, delete::handle))
        .routes(routes!(switch::disable))
        .routes(routes!(switch::enable))
        .routes(routes!(limits::handle, limits::show))
        .routes(routes!(rotate::handle))
        .routes(routes!(status::handle))
        .routes(routes!(usage::handle))
}

/// The key of that id and its place, where it is within the caller's reach.
async fn find(
    app: &SharedApp,
    tx: &mut Tx,
    caller: &Caller,
    id: &str,
) -> Result<(Key, NamespaceContext), ApiError> {
    let unknown = || ApiError::not_found("key", id);
    let key = keys::find(tx, id).await?.ok_or_else(unknown)?;
    let context = NamespaceContext::find(tx, &key.namespace, &app.config.organization).await?;
    let context = context.filter(|context| caller.owns(&context.namespace.organization));
    Ok((key, context.ok_or_else(unknown)?))
}
