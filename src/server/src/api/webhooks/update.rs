//! `PATCH /v1/webhooks/{id}`, also under its namespace: what is sent changes.

use super::body::{UpdateWebhook, WebhookBody};
use super::check_target;
use super::context::{WebhookContext, WebhookPath};
use super::view::{NewWebhook, WebhookView};
use crate::api::prelude::*;
use paddock_ledger::store::webhooks;

/// Updates a webhook
///
/// Deliveries under way still go to the URL they were made for. `secret: null` generates a new secret,
/// shown this once.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "update_webhook",
    params(parameters::WebhookId),
    request_body = Option<UpdateWebhook>,
    responses(
        (status = 200, description = "The webhook as it is now, with its secret if that was generated.", body = NewWebhook),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(path): Path<WebhookPath>,
    body: Body<WebhookBody>,
) -> Result<Json<NewWebhook>, ApiError> {
    by.may_manage()?;
    by.may_view_analytics()?;
    let body = body.read().await?;
    if let Some(url) = body.url.clone().value() {
        check_target(&app, "url", url.as_ref()).await?;
    }
    let mut edit = Edit::begin(&app, &by).await?;
    let WebhookContext {
        webhook: before,
        context,
    } = path.check(edit.find(&path.id).await?)?;
    let mut webhook = before.clone();
    let secret = body.apply(&app.encryption, &mut webhook)?;
    webhooks::update(&mut edit.tx, &webhook).await?;
    let change = context.change("webhook.update", &webhook.id);
    edit.commit(change.before(&before).after(&webhook)).await?;
    let webhook = WebhookView::new(&app.encryption, &webhook);
    Ok(Json(NewWebhook { webhook, secret }))
}

/// Updates a webhook of a namespace
#[utoipa::path(
    patch, path = "/v1/namespaces/{name}/webhooks/{id}", tag = "webhooks",
    operation_id = "update_namespace_webhook",
    params(parameters::WithinNamespace),
    request_body = Option<UpdateWebhook>,
    responses(
        (status = 200, description = "The webhook as it is now, with its secret if that was generated.", body = NewWebhook),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn within(
    app: State<SharedApp>,
    by: Author,
    path: Path<WebhookPath>,
    body: Body<WebhookBody>,
) -> Result<Json<NewWebhook>, ApiError> {
    handle(app, by, path, body).await
}
