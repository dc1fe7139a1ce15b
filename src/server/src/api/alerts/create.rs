//! `POST /v1/namespaces/{name}/alerts`: a new alert.

use super::body::{AlertBody, CreateAlert, one_threshold};
use super::check::check;
use super::stored;
use super::view::{AlertView, NewAlert};
use crate::api::prelude::*;
use crate::api::webhooks::check_target;
use paddock_ledger::ids;
use paddock_ledger::model::alert::{Alert, AlertAction, AlertWindow};
use paddock_ledger::model::sealed::Sealed;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::alerts;

/// Most alerts of one namespace.
const MOST: usize = 50;

/// Creates an alert
#[utoipa::path(
    post, path = "/v1/namespaces/{name}/alerts", tag = "alerts", operation_id = "create_alert",
    params(parameters::NamespaceName),
    request_body = CreateAlert,
    responses(
        (status = 201, description = "The alert, with its secret if it is a webhook.", body = NewAlert),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    by: Author,
    Path(name): Path<String>,
    body: Body<AlertBody>,
) -> Result<(StatusCode, Json<NewAlert>), ApiError> {
    by.may_manage()?;
    by.may_view_analytics()?;
    let body = body.read().await?;
    let threshold = body.threshold()?.ok_or_else(one_threshold)?;
    let action = body.action.required("action")?;
    body.name.clone().required("name")?;
    if let Some(url) = body.webhook_url.clone().value() {
        check_target(&app, "webhook_url", url.as_ref()).await?;
    }
    let mut edit = Edit::begin(&app, &by).await?;
    let context: NamespaceContext = edit.find(&name).await?;
    let others = alerts::of_namespace(&mut edit.tx, &name).await?;
    if others.len() >= MOST {
        let message = format!("'{name}' has {MOST} alerts, which is the most. Delete one first.");
        return Err(ApiError::full(message));
    }
    let secret = (action == AlertAction::Webhook).then(ids::webhook_secret);
    let mut alert = Alert {
        id: ids::alert_id(edit.now),
        namespace: name,
        name: String::new(),
        threshold,
        span: AlertWindow::Month,
        action,
        webhook_url: None,
        secret: match &secret {
            Some(secret) => app.encryption.seal_secret(&Secret::from(secret.clone()))?,
            None => Sealed::default(),
        },
        message_template: None,
        keys: Vec::new(),
        notify_emails: Vec::new(),
        created_at: edit.now,
        last_fired_at: None,
    };
    body.apply(&app.encryption, &mut alert)?;
    check(&app, &mut edit.tx, &mut alert).await?;
    stored(alerts::insert(&mut edit.tx, &alert).await, &alert)?;
    let change = context.change("alert.create", &alert.id);
    edit.commit(change.after(&alert)).await?;
    let alert = AlertView::new(&app.encryption, &alert);
    Ok((StatusCode::CREATED, Json(NewAlert { alert, secret })))
}
