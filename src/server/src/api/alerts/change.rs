//! `PATCH /v1/namespaces/{name}/alerts/{id}`: what is sent is changed.

use super::body::ChangeAlert;
use super::create::NewAlert;
use super::draft::{self, Draft};
use super::view::AlertView;
use crate::api::webhooks;
use crate::http::author::Author;
use crate::http::body::RawBody;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::path::Path;
use crate::openapi::{parameters, refusals};
use crate::state::SharedApp;
use axum::Json;
use axum::extract::State;
use paddock_ledger::ids;
use paddock_ledger::model::alert::Action;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::rules::audit;
use paddock_ledger::store::alerts;

/// Changes an alert
///
/// Its path may have its name in the place of its id. Where another threshold or window is set, the alert may
/// fire again in the present period. One that becomes a webhook gets a secret, shown this once.
#[utoipa::path(
    patch, path = "/v1/namespaces/{name}/alerts/{id}", tag = "alerts", operation_id = "update_alert",
    params(parameters::WithinNamespace),
    request_body = Option<ChangeAlert>,
    responses(
        (status = 200, description = "The alert as it is now; with its secret where one was made.", body = NewAlert),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path((name, id)): Path<(String, String)>,
    RawBody(body): RawBody,
) -> Result<Json<NewAlert>, ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let draft = Draft::read(&mut fields)?;
    fields.finish()?;
    if let Some(url) = draft.target() {
        webhooks::target(&app, "webhook_url", url).await?;
    }
    let now = app.now();
    let mut tx = app.store.write().await?;
    let (before, context) = super::find(&app, &mut tx, &caller, &name, &id).await?;
    let mut alert = before.clone();
    draft.change(&mut alert);
    draft::check(&app, &alert)?;
    draft::resolve_keys(&mut tx, &mut alert).await?;
    let needs_secret = alert.action == Action::Webhook && alert.secret.expose().is_empty();
    let secret = needs_secret.then(ids::webhook_secret);
    if let Some(secret) = &secret {
        alert.secret = Secret::from(secret.clone());
    }
    match alerts::update(&mut tx, &alert).await {
        Err(error) if error.is_duplicate() => return Err(super::taken(&alert)),
        updated => updated?,
    }
    if (alert.threshold, alert.span) != (before.threshold, before.span) {
        let start = alert.period(now).start;
        alerts::forget_firings(&mut tx, &alert.id, start).await?;
    }
    let change = context.change("alert.update", &alert.id);
    let change = change.before(&before).after(&alert);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(alert = alert.id, "changed an alert");
    Ok(Json(NewAlert {
        alert: AlertView::from(&alert),
        secret,
    }))
}
