//! An alert, as it is answered: without its secret, and without the one that Slack's URLs are.

use crate::openapi::words;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::alert::{Alert, AlertAction, AlertWindow, Threshold, from_thousandths};
use paddock_ledger::model::webhook::without_secrets;
use serde::Serialize;
use utoipa::ToSchema;

/// An alert in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub struct AlertView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    /// Its name.
    name: String,
    /// Percent of the window's budget.
    threshold_pct: Option<f64>,
    /// Standard deviations of an hour.
    threshold_stddev: Option<f64>,
    /// How much time is looked at.
    #[schema(value_type = words::AlertWindow)]
    window: AlertWindow,
    /// What follows.
    #[schema(value_type = words::AlertAction)]
    action: AlertAction,
    /// Where it is told; of Slack's URLs without what is secret.
    webhook_url: Option<String>,
    /// What is told.
    message_template: Option<String>,
    /// The ids of the keys that are disabled.
    keys: Vec<String>,
    /// Who gets a mail.
    notify_emails: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last fired.
    #[schema(format = DateTime)]
    last_fired_at: Option<String>,
}

impl From<&Alert> for AlertView {
    fn from(alert: &Alert) -> AlertView {
        let (threshold_pct, threshold_stddev) = match alert.threshold {
            Threshold::Percent(percent) => (Some(from_thousandths(percent)), None),
            Threshold::Deviations(count) => (None, Some(from_thousandths(count))),
        };
        let url = alert.webhook_url.as_deref();
        AlertView {
            id: alert.id.clone(),
            object: "alert",
            namespace: alert.namespace.clone(),
            name: alert.name.clone(),
            threshold_pct,
            threshold_stddev,
            window: alert.span,
            action: alert.action,
            webhook_url: match alert.action {
                AlertAction::Slack => url.map(without_secrets),
                _ => url.map(str::to_owned),
            },
            message_template: alert.message_template.clone(),
            keys: alert.keys.clone(),
            notify_emails: alert.notify_emails.clone(),
            created_at: alert.created_at.to_rfc3339(),
            last_fired_at: alert.last_fired_at.map(Timestamp::to_rfc3339),
        }
    }
}
