//! `DELETE /v1/namespaces/{name}/alerts/{id}`.

use super::find_alert;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::alerts;

/// Deletes an alert
///
/// The path has its id or its name. What it did stays: a disabled key must be enabled, a throttle ends
/// with its period.
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/alerts/{id}", tag = "alerts", operation_id = "delete_alert",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path((name, id)): Path<(String, String)>,
) -> Result<Json<Deleted>, ApiError> {
    by.may_manage()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let context: NamespaceContext = edit.find(&name).await?;
    let alert = find_alert(&mut edit.tx, &context, &id).await?;
    alerts::delete(&mut edit.tx, &alert.id).await?;
    let change = context.change("alert.delete", &alert.id).before(&alert);
    edit.commit(change).await?;
    Ok(Json(Deleted::new("alert", alert.id)))
}
