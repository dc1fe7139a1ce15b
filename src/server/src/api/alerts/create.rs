//! `POST /v1/namespaces/{name}/alerts`: a new alert.

use super::body::CreateAlert;
use super::draft::Draft;
use super::view::AlertView;
use crate::api::{namespaces, webhooks};
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
use axum::http::StatusCode;
use paddock_ledger::ids;
use paddock_ledger::model::alert::Action;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::rules::audit;
use paddock_ledger::store::alerts;
use serde::Serialize;
use utoipa::ToSchema;

/// Most alerts of one namespace.
const MOST: usize = 50;

/// An alert in JSON, with the secret that signs where one was made just now: shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedAlert)]
pub struct NewAlert {
    #[serde(flatten)]
    pub(super) alert: AlertView,
    /// What signs deliveries: shown this once, and only one that was made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
}

/// Makes an alert
#[utoipa::path(
    post, path = "/v1/namespaces/{name}/alerts", tag = "alerts", operation_id = "create_alert",
    params(parameters::NamespaceName),
    request_body = CreateAlert,
    responses(
        (status = 201, description = "The alert; with its secret where it is a webhook.", body = NewAlert),
        refusals::Forbidden,
        refusals::Missing,
        refusals::Conflict
    )
)]
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    Author { actor, .. }: Author,
    Path(name): Path<String>,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<NewAlert>), ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let draft = Draft::read(&mut fields)?;
    fields.finish()?;
    let mut alert = draft.into_alert(&name, app.now())?;
    super::draft::check(&app, &alert)?;
    if let Some(url) = &alert.webhook_url {
        webhooks::target(&app, "webhook_url", url).await?;
    }
    let secret = (alert.action == Action::Webhook).then(ids::webhook_secret);
    alert.secret = Secret::from(secret.clone().unwrap_or_default());
    let mut tx = app.store.write().await?;
    let context = namespaces::find(&app, &mut tx, &caller, &name).await?;
    super::draft::resolve_keys(&mut tx, &mut alert).await?;
    if alerts::of_namespace(&mut tx, &name).await?.len() >= MOST {
        let message = format!("'{name}' has {MOST} alerts, which is the most. Delete one first.");
        return Err(ApiError::full(message));
    }
    match alerts::insert(&mut tx, &alert).await {
        Err(error) if error.is_duplicate() => return Err(super::taken(&alert)),
        inserted => inserted?,
    }
    let change = context.change("alert.create", &alert.id).after(&alert);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(alert = alert.id, "made an alert");
    let answer = NewAlert {
        alert: AlertView::from(&alert),
        secret,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
