//! `/v1/namespaces/{name}/reserve` and `/v1/namespaces/{name}/reservations`.

mod list;
mod release;
mod reserve;
mod show;
mod view;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::state::{App, SharedApp};
use paddock_core::money::Money;
use paddock_ledger::rules::context::{BudgetStatus, NamespaceContext};
use paddock_ledger::rules::reserving;
use paddock_ledger::store::Tx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of reservations.
pub(super) fn routes() -> OpenApiRouter<SharedApp> {
    OpenApiRouter::new()
        .routes(routes!(reserve::handle))
        .routes(routes!(list::handle))
        .routes(routes!(show::handle, release::handle))
}

/// What a namespace has left beside its reservations. If nobody set a cap, the installation's default
/// stands for one. `None` for callers that may not see what is spent.
async fn remaining(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    context: &NamespaceContext,
) -> Result<Option<Money>, ApiError> {
    if caller.may_view_analytics().is_err() {
        return Ok(None);
    }
    let (terms, now) = (&app.config.terms, app.now());
    let remaining = reserving::remaining(tx, terms, &context.namespace, now).await?;
    Ok(match remaining {
        None => {
            let budget = BudgetStatus::of_namespace(tx, context, now).await?;
            Some(budget.remaining)
        }
        remaining => remaining,
    })
}
