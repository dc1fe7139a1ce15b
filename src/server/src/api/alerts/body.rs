//! What is sent about alerts.

use crate::api::email::Emails;
use crate::api::prelude::*;
use crate::encryption::Encryption;
use crate::http::body::values::{Thousandths, UrlText};
use crate::http::body::variant;
use paddock_ledger::model::alert::{Alert, AlertAction, AlertWindow, Threshold};

/// An alert: what is sent changes, the rest stays. A new one has one of the two thresholds, and what its
/// action requires.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "half spent", "threshold_pct": 50.0, "window": "30d", "action": "throttle",
}))]
pub struct AlertBody {
    /// Unique in its namespace.
    pub(super) name: Option<Option<Text>>,
    /// The alert fires at this percentage of the window's budget.
    threshold_pct: Option<Option<Thousandths<1_000>>>,
    /// The alert fires if an hour costs this many standard deviations more than such hours did.
    threshold_stddev: Option<Option<Thousandths<100>>>,
    /// The time it looks at; the calendar month by default.
    window: Option<Option<AlertWindow>>,
    /// What happens when it fires.
    pub(super) action: Option<Option<AlertAction>>,
    /// The URL it is delivered to: required by `webhook` and `slack`.
    pub(super) webhook_url: Option<Option<UrlText>>,
    /// The message, with `{pct}`, `{spent}`, `{limit}` and `{namespace}`.
    message_template: Option<Option<Text>>,
    /// The keys that are disabled, by id or name: required by `disable_key`.
    keys: Option<Option<Texts>>,
    /// The addresses that get a mail: required by `email`. The operator must have set a mail server.
    notify_emails: Option<Option<Emails>>,
}

variant! {
    /// A new alert, with one of the two thresholds and what its action requires.
    CreateAlert = AlertBody, requires ["name", "action"], without []
}

variant! {
    /// What changes of an alert: what is sent, at most one of the two thresholds.
    UpdateAlert = AlertBody, requires [], without []
}

impl AlertBody {
    /// The threshold, if one was sent.
    ///
    /// # Errors
    /// 400 if both were.
    pub fn threshold(&self) -> Result<Option<Threshold>, ApiError> {
        match (self.threshold_pct.value(), self.threshold_stddev.value()) {
            (Some(percent), None) => Ok(Some(Threshold::Percent(percent.into()))),
            (None, Some(count)) => Ok(Some(Threshold::Deviations(count.into()))),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(one_threshold()),
        }
    }

    /// Changes an alert.
    ///
    /// # Errors
    /// 400 if both thresholds were sent, 503 if nothing can be encrypted.
    pub fn apply(self, encryption: &Encryption, alert: &mut Alert) -> Result<(), ApiError> {
        alert.threshold = self.threshold()?.unwrap_or(alert.threshold);
        self.name.set(&mut alert.name);
        self.window.set(&mut alert.span);
        self.action.set(&mut alert.action);
        if let Some(url) = self.webhook_url {
            let sealed = url.map(|url| encryption.seal_url(url.as_ref()));
            alert.webhook_url = sealed.transpose()?;
        }
        self.message_template.apply(&mut alert.message_template);
        self.keys.set_or(&mut alert.keys, Vec::new());
        self.notify_emails
            .set_or(&mut alert.notify_emails, Vec::new());
        Ok(())
    }
}

/// 400: no threshold, or both.
pub fn one_threshold() -> ApiError {
    let message = "Send one of 'threshold_pct', a percentage of the window's budget, and \
                   'threshold_stddev', standard deviations of an hour's spending.";
    ApiError::invalid("threshold_pct", message)
}
