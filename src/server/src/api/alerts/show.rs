//! `GET /v1/namespaces/{name}/alerts` and `/{id}`.

use super::find_alert;
use super::view::AlertView;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::alerts;

/// Lists a namespace's alerts
///
/// All of them, oldest first.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/alerts", tag = "alerts", operation_id = "list_alerts",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The alerts.", body = Page<AlertView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Page<AlertView>>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    find::<NamespaceContext>(&app, &mut tx, &caller, &name).await?;
    let found = alerts::of_namespace(&mut tx, &name).await?;
    let page = Page::all(
        &found,
        |alert| &alert.id,
        |alert| AlertView::new(&app.encryption, alert),
    );
    Ok(Json(page))
}

/// Shows an alert
///
/// The path has its id or its name.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/alerts/{id}", tag = "alerts", operation_id = "get_alert",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "The alert.", body = AlertView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<AlertView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let context: NamespaceContext = find(&app, &mut tx, &caller, &name).await?;
    let alert = find_alert(&mut tx, &context, &id).await?;
    Ok(Json(AlertView::new(&app.encryption, &alert)))
}
