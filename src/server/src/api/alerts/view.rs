//! An alert, as it is answered: without its secret, and without the secret part of a Slack URL.

use crate::api::prelude::*;
use crate::encryption::Encryption;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::alert::{Alert, AlertAction, AlertWindow, Threshold, from_thousandths};
use paddock_ledger::model::sealed::Sealed;

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
    /// The percentage of the window's budget at which it fires.
    threshold_pct: Option<f64>,
    /// The standard deviations of an hour's cost at which it fires.
    threshold_stddev: Option<f64>,
    /// The time it looks at.
    window: AlertWindow,
    /// What happens when it fires.
    action: AlertAction,
    /// The URL it is delivered to; Slack's are shortened, because they are secret.
    webhook_url: Option<String>,
    /// The message.
    message_template: Option<String>,
    /// The ids of the keys that are disabled.
    keys: Vec<String>,
    /// The addresses that get a mail.
    notify_emails: Vec<String>,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last fired.
    #[schema(format = DateTime)]
    last_fired_at: Option<String>,
}

/// An alert after it was created or updated.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedAlert)]
pub struct NewAlert {
    #[serde(flatten)]
    pub(super) alert: AlertView,
    /// The secret that signs deliveries, if it was generated now: shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
}

impl AlertView {
    /// An alert, as it is answered.
    pub fn new(encryption: &Encryption, alert: &Alert) -> AlertView {
        let (threshold_pct, threshold_stddev) = match alert.threshold {
            Threshold::Percent(percent) => (Some(from_thousandths(percent)), None),
            Threshold::Deviations(count) => (None, Some(from_thousandths(count))),
        };
        let url = alert.webhook_url.as_ref();
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
                AlertAction::Slack => url.map(Sealed::shown_url),
                _ => url.map(|url| encryption.url(url)),
            },
            message_template: alert.message_template.clone(),
            keys: alert.keys.clone(),
            notify_emails: alert.notify_emails.clone(),
            created_at: alert.created_at.to_rfc3339(),
            last_fired_at: alert.last_fired_at.map(Timestamp::to_rfc3339),
        }
    }
}
