//! An alert, as it is answered: without its secret, and without the one that Slack's URLs are.

use crate::domain::alerts::{Action, Alert, Span, Threshold, from_thousandths};
use crate::domain::webhook::without_secrets;
use paddock_core::timestamp::Timestamp;
use serde::Serialize;

/// An alert in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct AlertView {
    id: String,
    object: &'static str,
    namespace: String,
    name: String,
    threshold_pct: Option<f64>,
    threshold_stddev: Option<f64>,
    window: Span,
    action: Action,
    webhook_url: Option<String>,
    message_template: Option<String>,
    keys: Vec<String>,
    notify_emails: Vec<String>,
    created_at: String,
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
                Action::Slack => url.map(without_secrets),
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
