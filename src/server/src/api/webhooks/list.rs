//! `GET /v1/namespaces/{name}/webhooks`.

use super::view::WebhookView;
use crate::api::prelude::*;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::webhooks;

/// Lists a namespace's webhooks
///
/// All of them, oldest first.
#[utoipa::path(
    get, path = "/v1/namespaces/{name}/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    params(parameters::NamespaceName),
    responses(
        (status = 200, description = "The webhooks.", body = Page<WebhookView>),
        refusals::Forbidden,
        refusals::Missing
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Page<WebhookView>>, ApiError> {
    caller.may_manage()?;
    let mut tx = app.store.read().await?;
    find::<NamespaceContext>(&app, &mut tx, &caller, &name).await?;
    let found = webhooks::of_namespace(&mut tx, &name).await?;
    let page = Page::all(
        &found,
        |webhook| &webhook.id,
        |webhook| WebhookView::new(&app.encryption, webhook),
    );
    Ok(Json(page))
}
