//! `POST /v1/namespaces/{name}/webhooks`: a new webhook.

use super::body::{CreateWebhook, WebhookBody};
use super::check_target;
use super::view::{NewWebhook, WebhookView};
use crate::api::prelude::*;
use paddock_ledger::ids;
use paddock_ledger::model::sealed::Sealed;
use paddock_ledger::model::webhook::Webhook;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::webhooks;

/// Most webhooks of one namespace: each is looked at whenever the namespace's usage is booked.
const MOST: usize = 50;

/// Creates a webhook
///
/// If no `secret` is sent, one is generated and shown this once.
#[utoipa::path(
    post, path = "/v1/namespaces/{name}/webhooks", tag = "webhooks", operation_id = "create_webhook",
    params(parameters::NamespaceName),
    request_body = CreateWebhook,
    responses(
        (status = 201, description = "The webhook, with its secret if that was generated.", body = NewWebhook),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    body: Body<WebhookBody>,
) -> Result<(StatusCode, Json<NewWebhook>), ApiError> {
    by.may_manage()?;
    by.may_view_analytics()?;
    let body = body.read().await?;
    body.events.clone().required("events")?;
    let url = body.url.clone().required("url")?;
    check_target(&app, "url", url.as_ref()).await?;
    let mut edit = Edit::begin(&app, &by).await?;
    let context: NamespaceContext = edit.find(&name).await?;
    let others = webhooks::of_namespace(&mut edit.tx, &name).await?;
    if others.len() >= MOST {
        let message = format!("'{name}' has {MOST} webhooks, which is the most. Delete one first.");
        return Err(ApiError::full(message));
    }
    let mut webhook = Webhook {
        id: ids::webhook_id(edit.now),
        namespace: name,
        url: Sealed::default(),
        events: Vec::new(),
        threshold_percent: None,
        secret: Sealed::default(),
        created_at: edit.now,
    };
    let secret = body.apply(&app.encryption, &mut webhook)?;
    webhooks::insert(&mut edit.tx, &webhook).await?;
    let change = context.change("webhook.create", &webhook.id);
    edit.commit(change.after(&webhook)).await?;
    let webhook = WebhookView::new(&app.encryption, &webhook);
    Ok((StatusCode::CREATED, Json(NewWebhook { webhook, secret })))
}
