//! `GET /v1/webhooks/{id}`, also under its namespace.

use super::context::WebhookPath;
use super::view::WebhookView;
use crate::api::prelude::*;

/// Shows a webhook
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "get_webhook",
    params(parameters::WebhookId),
    responses(
        (status = 200, description = "The webhook.", body = WebhookView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(path): Path<WebhookPath>,
) -> Result<Json<WebhookView>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    let found = path.check(find(&app, &mut tx, &caller, &path.id).await?)?;
    Ok(Json(WebhookView::new(&app.encryption, &found.webhook)))
}

/// Shows a webhook of a namespace
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/webhooks/{id}", tag = "webhooks", operation_id = "get_namespace_webhook",
    params(parameters::WithinNamespace),
    responses(
        (status = 200, description = "The webhook.", body = WebhookView),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn within(
    app: State<SharedApp>,
    caller: Caller,
    path: Path<WebhookPath>,
) -> Result<Json<WebhookView>, ApiError> {
    handle(app, caller, path).await
}
