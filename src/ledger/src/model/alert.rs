//! Alerts: what is watched of a namespace's spending, and what follows from it.

use crate::model::audit::Snapshot;
use crate::model::calendar::Calendar;
use crate::model::period::Window;
use crate::model::sealed::Sealed;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The time an alert looks at: the UTC day, the week from Monday, the calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum AlertWindow {
    /// The UTC day; of anomalies, the 24 hours before.
    #[serde(rename = "1d")]
    Day,
    /// The UTC week from Monday; of anomalies, the same hour of the 7 days before.
    #[serde(rename = "7d")]
    Week,
    /// The UTC calendar month; of anomalies, the same hour of the 30 days before.
    #[serde(rename = "30d")]
    Month,
}

impl AlertWindow {
    /// The calendar's day, week or month that a moment lies in.
    pub fn window(self, at: Timestamp) -> Window {
        let period = match self {
            AlertWindow::Day => CapPeriod::Daily,
            AlertWindow::Week => CapPeriod::Weekly,
            AlertWindow::Month => CapPeriod::Monthly,
        };
        Calendar::default().window(period, at)
    }
}

/// When an alert is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// So much of the window's budget is spent: thousandths of a percent.
    Percent(u64),
    /// This hour costs so much more than such hours did: thousandths of a standard deviation.
    Deviations(u64),
}

/// What happens when an alert fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertAction {
    /// A signed POST.
    Webhook,
    /// A message to Slack's incoming webhook.
    Slack,
    /// A mail.
    Email,
    /// Keys are disabled.
    DisableKey,
    /// The namespace is throttled to the end of the period.
    Throttle,
}

impl AlertAction {
    /// Whether it changes what gateways are to know.
    pub const fn changes_policy(self) -> bool {
        matches!(self, AlertAction::DisableKey | AlertAction::Throttle)
    }
}

/// One alert.
#[derive(Clone, Debug)]
pub struct Alert {
    /// `alr_…`.
    pub id: String,
    /// The namespace it watches.
    pub namespace: String,
    /// Unique in its namespace.
    pub name: String,
    /// When it is due.
    pub threshold: Threshold,
    /// How much time is looked at.
    pub span: AlertWindow,
    /// What follows.
    pub action: AlertAction,
    /// Where to, of a webhook or Slack.
    pub webhook_url: Option<Sealed>,
    /// What signs, of a webhook.
    pub secret: Sealed,
    /// What is said, with `{pct}`, `{spent}`, `{limit}` and `{namespace}`.
    pub message_template: Option<String>,
    /// Ids of the keys to be disabled.
    pub keys: Vec<String>,
    /// Who gets a mail, whatever the action.
    pub notify_emails: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last was due.
    pub last_fired_at: Option<Timestamp>,
}

impl Alert {
    /// The period in which it is due at most once: the window, or of anomalies the UTC day.
    pub fn period(&self, at: Timestamp) -> Window {
        match self.threshold {
            Threshold::Percent(_) => self.span.window(at),
            Threshold::Deviations(_) => AlertWindow::Day.window(at),
        }
    }
}

/// Thousandths as the number they stand for.
#[expect(clippy::cast_precision_loss, reason = "at most a million")]
pub fn from_thousandths(thousandths: u64) -> f64 {
    thousandths as f64 / 1_000.0
}

impl Snapshot for Alert {
    fn snapshot(&self) -> Value {
        let (percent, deviations) = match self.threshold {
            Threshold::Percent(percent) => (Some(from_thousandths(percent)), None),
            Threshold::Deviations(count) => (None, Some(from_thousandths(count))),
        };
        json!({
            "id": self.id,
            "namespace": self.namespace,
            "name": self.name,
            "threshold_pct": percent,
            "threshold_stddev": deviations,
            "window": self.span,
            "action": self.action,
            "webhook_url": self.webhook_url.as_ref().map(Sealed::shown_url),
            "message_template": self.message_template,
            "keys": self.keys,
            "notify_emails": self.notify_emails,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday() {
        // 2026-03-15 is a Sunday.
        let sunday = Timestamp::from_secs(1_773_576_000);
        let week = AlertWindow::Week.window(sunday);
        assert_eq!(week.start.to_rfc3339(), "2026-03-09T00:00:00Z");
        assert_eq!(week.end.to_rfc3339(), "2026-03-16T00:00:00Z");
        assert_eq!(AlertWindow::Week.window(week.start), week);
        assert_ne!(AlertWindow::Week.window(week.end), week);
    }
}
