//! `DELETE /v1/webhooks/{id}`, also under its namespace.

use super::context::{WebhookContext, WebhookPath};
use crate::api::prelude::*;
use paddock_ledger::store::webhooks;

/// Deletes a webhook and its deliveries
///
/// What was not delivered yet never is.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "delete_webhook",
    params(parameters::WebhookId),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(path): Path<WebhookPath>,
) -> Result<Json<Deleted>, ApiError> {
    by.may_manage()?;
    let mut edit = Edit::begin(&app, &by).await?;
    let WebhookContext { webhook, context } = path.check(edit.find(&path.id).await?)?;
    webhooks::delete(&mut edit.tx, &webhook.id).await?;
    let change = context.change("webhook.delete", &webhook.id);
    edit.commit(change.before(&webhook)).await?;
    Ok(Json(Deleted::new("webhook", webhook.id)))
}

/// Deletes a webhook of a namespace and its deliveries
#[utoipa::path(
    delete, path = "/v1/namespaces/{name}/webhooks/{id}", tag = "webhooks", operation_id = "delete_namespace_webhook",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "Deleted.", body = Deleted),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn within(
    app: State<SharedApp>,
    by: Author,
    path: Path<WebhookPath>,
) -> Result<Json<Deleted>, ApiError> {
    handle(app, by, path).await
}
