//! `PATCH /v1/namespaces/{name}/alerts/{id}`: what is sent changes.

use super::body::{AlertBody, UpdateAlert};
use super::check::check;
use super::view::{AlertView, NewAlert};
use super::{find_alert, stored};
use crate::api::prelude::*;
use crate::api::webhooks::check_target;
use paddock_ledger::ids;
use paddock_ledger::model::alert::AlertAction;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::alerts;

/// Updates an alert
///
/// The path has its id or its name. If the threshold or the window changes, the alert may fire again in
/// this period. If its action becomes `webhook`, it gets a secret, shown this once.
#[utoipa::path(
    patch, path = "/v1/namespaces/{name}/alerts/{id}", tag = "alerts", operation_id = "update_alert",
    params(parameters::WithinNamespace),
    request_body = Option<UpdateAlert>,
    responses(
        (status = 200, description = "The alert as it is now, with its secret if that was generated.", body = NewAlert),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path((name, id)): Path<(String, String)>,
    body: Body<AlertBody>,
) -> Result<Json<NewAlert>, ApiError> {
    by.may_manage()?;
    by.may_view_analytics()?;
    let body = body.read().await?;
    if let Some(url) = body.webhook_url.clone().value() {
        check_target(&app, "webhook_url", url.as_ref()).await?;
    }
    let mut edit = Edit::begin(&app, &by).await?;
    let context: NamespaceContext = edit.find(&name).await?;
    let before = find_alert(&mut edit.tx, &context, &id).await?;
    let mut alert = before.clone();
    body.apply(&app.encryption, &mut alert)?;
    check(&app, &mut edit.tx, &mut alert).await?;
    let needs_secret = alert.action == AlertAction::Webhook && alert.secret.is_empty();
    let secret = needs_secret.then(ids::webhook_secret);
    if let Some(secret) = &secret {
        alert.secret = app.encryption.seal_secret(&Secret::from(secret.clone()))?;
    }
    stored(alerts::update(&mut edit.tx, &alert).await, &alert)?;
    if (alert.threshold, alert.span) != (before.threshold, before.span) {
        let start = alert.period(edit.now).start;
        alerts::forget_firings(&mut edit.tx, &alert.id, start).await?;
    }
    let change = context.change("alert.update", &alert.id);
    edit.commit(change.before(&before).after(&alert)).await?;
    let alert = AlertView::new(&app.encryption, &alert);
    Ok(Json(NewAlert { alert, secret }))
}
