//! What was sent of an alert: all of a new one, or what is to change.

use crate::http::error::ApiError;
use crate::http::fields::{Fields, Patch};
use crate::outbound::mail;
use crate::state::App;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::ids;
use paddock_ledger::model::alert::{Alert, AlertAction, AlertWindow, Threshold};
use paddock_ledger::model::secret::Secret;
use paddock_ledger::store::{Tx, keys};

/// Most addresses of one alert.
const MOST_ADDRESSES: usize = 20;

/// The fields that were sent.
#[derive(Debug)]
pub struct Draft {
    name: Option<String>,
    threshold: Option<Threshold>,
    span: Option<AlertWindow>,
    action: Option<AlertAction>,
    webhook_url: Patch<String>,
    message_template: Patch<String>,
    keys: Patch<Vec<String>>,
    notify_emails: Patch<Vec<String>>,
}

impl Draft {
    /// Reads the fields of an alert.
    ///
    /// # Errors
    /// Where one is something else than it may be, or both thresholds are there.
    pub fn read(fields: &mut Fields) -> Result<Draft, ApiError> {
        let percent = fields.thousandths("threshold_pct", 1_000)?.flatten();
        let deviations = fields.thousandths("threshold_stddev", 100)?.flatten();
        let threshold = match (percent, deviations) {
            (Some(percent), None) => Some(Threshold::Percent(percent)),
            (None, Some(count)) => Some(Threshold::Deviations(count)),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(one_threshold()),
        };
        Ok(Draft {
            name: fields.text("name")?.flatten(),
            threshold,
            span: fields.word("window", &AlertWindow::NAMES)?,
            action: fields.word("action", &AlertAction::NAMES)?,
            webhook_url: fields.url("webhook_url")?,
            message_template: fields.text("message_template")?,
            keys: fields.texts("keys")?,
            notify_emails: fields.texts("notify_emails")?,
        })
    }

    /// A new alert, which has no secret yet.
    ///
    /// # Errors
    /// Where something is missing.
    pub fn into_alert(self, namespace: &str, now: Timestamp) -> Result<Alert, ApiError> {
        let Some(action) = self.action else {
            let message = format!(
                "Missing required parameter: 'action', one of {}.",
                AlertAction::NAMES.join(", ")
            );
            return Err(ApiError::invalid("action", message));
        };
        Ok(Alert {
            id: ids::alert_id(now),
            namespace: namespace.to_owned(),
            threshold: self.threshold.ok_or_else(one_threshold)?,
            name: self.name.ok_or_else(|| ApiError::missing("name"))?,
            span: self.span.unwrap_or(AlertWindow::Month),
            action,
            webhook_url: self.webhook_url.flatten(),
            secret: Secret::default(),
            message_template: self.message_template.flatten(),
            keys: self.keys.flatten().unwrap_or_default(),
            notify_emails: self.notify_emails.flatten().unwrap_or_default(),
            created_at: now,
            last_fired_at: None,
        })
    }

    /// Where it is to be told from now on, where that was sent.
    pub fn target(&self) -> Option<&str> {
        self.webhook_url.as_ref()?.as_deref()
    }

    /// Changes what was sent.
    pub fn change(self, alert: &mut Alert) {
        if let Some(name) = self.name {
            alert.name = name;
        }
        alert.threshold = self.threshold.unwrap_or(alert.threshold);
        alert.span = self.span.unwrap_or(alert.span);
        alert.action = self.action.unwrap_or(alert.action);
        if let Some(sent) = self.webhook_url {
            alert.webhook_url = sent;
        }
        if let Some(template) = self.message_template {
            alert.message_template = template;
        }
        if let Some(keys) = self.keys {
            alert.keys = keys.unwrap_or_default();
        }
        if let Some(addresses) = self.notify_emails {
            alert.notify_emails = addresses.unwrap_or_default();
        }
    }
}

fn one_threshold() -> ApiError {
    let message = "Send one of 'threshold_pct', percent of the window's budget, and \
                   'threshold_stddev', standard deviations of an hour's spending.";
    ApiError::invalid("threshold_pct", message)
}

/// Checks that an alert has what its action needs.
///
/// # Errors
/// What is missing or wrong.
pub fn check(app: &App, alert: &Alert) -> Result<(), ApiError> {
    let needs = |field: &str, what: &str| {
        let message = format!("This action needs '{field}': {what}.");
        Err(ApiError::invalid(field, message))
    };
    match alert.action {
        AlertAction::Webhook | AlertAction::Slack if alert.webhook_url.is_none() => {
            return needs("webhook_url", "where it is told");
        }
        AlertAction::Email if alert.notify_emails.is_empty() => {
            return needs("notify_emails", "who gets a mail");
        }
        AlertAction::DisableKey if alert.keys.is_empty() => {
            return needs("keys", "the ids of the keys that are to be disabled");
        }
        _ => {}
    }
    if alert.notify_emails.is_empty() {
        return Ok(());
    }
    if app.config.mail.is_none() {
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

/// Keys that are named by id or by name become ids.
///
/// # Errors
/// Where the namespace has no such key.
pub async fn resolve_keys(tx: &mut Tx, alert: &mut Alert) -> Result<(), ApiError> {
    if alert.keys.is_empty() {
        return Ok(());
    }
    let keys = keys::of_namespace(tx, &alert.namespace).await?;
    let id = |named: &String| {
        let key = keys
            .iter()
            .find(|key| key.id == *named || key.name == *named);
        let key = key.map(|key| key.id.clone());
        key.ok_or_else(|| ApiError::not_found("key", named))
    };
    alert.keys = alert.keys.iter().map(id).collect::<Result<_, _>>()?;
    Ok(())
}
