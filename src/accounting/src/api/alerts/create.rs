//! `POST /v1/namespaces/{name}/alerts`: a new alert.

use super::view::AlertView;
use crate::api::{namespaces, webhooks};
use crate::app::{App, SharedApp};
use crate::config::Secret;
use crate::delivery::mail;
use crate::domain::alerts::{Action, Alert, Span, Threshold};
use crate::domain::audit::{self, Actor};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::ids;
use crate::store::{StoreError, Tx, alerts, keys};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;

/// Most alerts of one namespace.
const MOST: usize = 50;
/// Most addresses of one alert.
const MOST_ADDRESSES: usize = 20;

/// A new alert in JSON, with the secret that signs where it is a webhook: shown this once.
#[derive(Debug, Serialize)]
pub struct NewAlert {
    #[serde(flatten)]
    alert: AlertView,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Makes an alert.
pub async fn handle(
    State(app): State<SharedApp>,
    caller: Caller,
    actor: Actor,
    Path(name): Path<String>,
    Body(body): Body,
) -> Result<(StatusCode, Json<NewAlert>), ApiError> {
    caller.may_manage()?;
    let mut fields = Fields::parse(&body)?;
    let mut alert = read(&app, &mut fields, &name)?;
    fields.finish()?;
    if let Some(url) = &alert.webhook_url {
        webhooks::target(&app, "webhook_url", url).await?;
    }
    let secret = (alert.action == Action::Webhook).then(ids::webhook_secret);
    alert.secret = Secret::from(secret.clone().unwrap_or_default());
    let mut tx = app.store.write().await?;
    let place = namespaces::find(&app, &mut tx, &caller, &name).await?;
    alert.keys = ids_of(&mut tx, &alert).await?;
    if alerts::of_namespace(&mut tx, &name).await?.len() >= MOST {
        let message = format!("'{name}' has {MOST} alerts, which is the most. Delete one first.");
        return Err(ApiError::invalid("", message));
    }
    match alerts::insert(&mut tx, &alert).await {
        Err(error) if error.is_duplicate() => return Err(taken(&alert)),
        inserted => inserted?,
    }
    let change = place.change("alert.create", &alert.id).after(&alert);
    audit::record(&mut tx, &actor, change).await?;
    tx.commit().await?;
    tracing::info!(alert = alert.id, "made an alert");
    let answer = NewAlert {
        alert: AlertView::from(&alert),
        secret,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

fn taken(alert: &Alert) -> ApiError {
    ApiError::conflict(format!(
        "An alert named '{}' exists already. Choose another name, or delete it first.",
        alert.name
    ))
}

fn read(app: &App, fields: &mut Fields, namespace: &str) -> Result<Alert, ApiError> {
    let now = app.now();
    let percent = fields.thousandths("threshold_pct", 1_000)?.flatten();
    let deviations = fields.thousandths("threshold_stddev", 100)?.flatten();
    let threshold = match (percent, deviations) {
        (Some(percent), None) => Threshold::Percent(percent),
        (None, Some(count)) => Threshold::Deviations(count),
        _ => {
            let message = "Send one of 'threshold_pct', percent of the window's budget, and \
                           'threshold_stddev', standard deviations of an hour's spending.";
            return Err(ApiError::invalid("threshold_pct", message));
        }
    };
    let Some(action) = fields.word("action", &Action::NAMES)? else {
        let message = format!(
            "Missing required parameter: 'action', one of {}.",
            Action::NAMES.join(", ")
        );
        return Err(ApiError::invalid("action", message));
    };
    let alert = Alert {
        id: ids::alert_id(now),
        namespace: namespace.to_owned(),
        name: fields.required_text("name")?,
        threshold,
        span: fields.word("window", &Span::NAMES)?.unwrap_or(Span::Month),
        action,
        webhook_url: fields.url("webhook_url")?.flatten(),
        secret: Secret::default(),
        message_template: fields.text("message_template")?.flatten(),
        keys: fields.texts("keys")?.flatten().unwrap_or_default(),
        notify_emails: fields.texts("notify_emails")?.flatten().unwrap_or_default(),
        created_at: now,
        last_fired_at: None,
    };
    check(app, &alert)?;
    Ok(alert)
}

/// Checks that an alert has what its action needs.
fn check(app: &App, alert: &Alert) -> Result<(), ApiError> {
    let needs = |field: &str, what: &str| {
        let message = format!("This action needs '{field}': {what}.");
        Err(ApiError::invalid(field, message))
    };
    match alert.action {
        Action::Webhook | Action::Slack if alert.webhook_url.is_none() => {
            return needs("webhook_url", "where it is told");
        }
        Action::Email if alert.notify_emails.is_empty() => {
            return needs("notify_emails", "who gets a mail");
        }
        Action::DisableKey if alert.keys.is_empty() => {
            return needs("keys", "the ids of the keys that are to be disabled");
        }
        _ => {}
    }
    if alert.notify_emails.is_empty() {
        return Ok(());
    }
    if app.config.mailer.is_none() {
        let message = "This installation sends no mail: the operator has to set --smtp-url.";
        return Err(ApiError::invalid("notify_emails", message));
    }
    let wrong = alert
        .notify_emails
        .iter()
        .find(|text| !mail::is_address(text));
    match wrong {
        Some(text) => {
            let message = format!("'{text}' in 'notify_emails' is no address of mail.");
            Err(ApiError::invalid("notify_emails", message))
        }
        None if alert.notify_emails.len() > MOST_ADDRESSES => {
            let message = format!("'notify_emails' must be at most {MOST_ADDRESSES} addresses.");
            Err(ApiError::invalid("notify_emails", message))
        }
        None => Ok(()),
    }
}

/// The ids of the keys that are named by id or by name.
async fn ids_of(tx: &mut Tx, alert: &Alert) -> Result<Vec<String>, ApiError> {
    if alert.keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys = keys::of_namespace(tx, &alert.namespace).await;
    let keys = keys.map_err(|error: StoreError| ApiError::from(error))?;
    let id = |named: &String| {
        let key = keys
            .iter()
            .find(|key| key.id == *named || key.name == *named);
        let key = key.map(|key| key.id.clone());
        key.ok_or_else(|| ApiError::not_found("key", named))
    };
    alert.keys.iter().map(id).collect()
}
