//! Who wants to be told what, and with which signature.

use crate::model::audit::Snapshot;
use crate::model::sealed::Sealed;
use paddock_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use utoipa::ToSchema;

/// An event of a namespace: how much of its monthly quota is spent (80, 95 or 100 percent, or the
/// webhook's own percentage), or that its balance was refilled or cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum WebhookEvent {
    /// 80 percent.
    #[serde(rename = "quota_80_percent")]
    Quota80,
    /// 95 percent.
    #[serde(rename = "quota_95_percent")]
    Quota95,
    /// All of it, or so much that a request was refused for the rest.
    #[serde(rename = "quota_exceeded")]
    Exceeded,
    /// The webhook's own percentage.
    #[serde(rename = "spend.threshold")]
    Threshold,
    /// Money was paid in because the balance was low.
    #[serde(rename = "credits.refilled")]
    Refilled,
    /// It was low, and as much has been paid in this month as may be.
    #[serde(rename = "credits.refill_limit_reached")]
    RefillLimitReached,
}

impl WebhookEvent {
    /// Its name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            WebhookEvent::Quota80 => "quota_80_percent",
            WebhookEvent::Quota95 => "quota_95_percent",
            WebhookEvent::Exceeded => "quota_exceeded",
            WebhookEvent::Threshold => "spend.threshold",
            WebhookEvent::Refilled => "credits.refilled",
            WebhookEvent::RefillLimitReached => "credits.refill_limit_reached",
        }
    }
}

/// One webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `wh_…`.
    pub id: String,
    /// The namespace it watches.
    pub namespace: String,
    /// Where it is told.
    pub url: Sealed,
    /// What it is told of.
    pub events: Vec<WebhookEvent>,
    /// When it is told `spend.threshold`.
    pub threshold_percent: Option<u64>,
    /// What signs.
    pub secret: Sealed,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Webhook {
    /// What it is told of, with the percentage from which on it is.
    pub fn thresholds(&self) -> impl Iterator<Item = (WebhookEvent, u64)> {
        self.events.iter().filter_map(|event| {
            let percent = match event {
                WebhookEvent::Quota80 => Some(80),
                WebhookEvent::Quota95 => Some(95),
                WebhookEvent::Exceeded => Some(100),
                WebhookEvent::Threshold => self.threshold_percent,
                // Of the balance, which is no percentage.
                WebhookEvent::Refilled | WebhookEvent::RefillLimitReached => None,
            };
            Some((*event, percent?))
        })
    }
}

/// A URL without what may be secret in it: its query, and of the path all but the beginning.
pub fn without_secrets(url: &str) -> String {
    let Ok(url) = Url::parse(url) else {
        return String::new();
    };
    let origin = url.origin().ascii_serialization();
    let hidden = url.query().is_some() || url.path().len() > 20;
    let path: String = url.path().chars().take(20).collect();
    format!("{origin}{path}{}", if hidden { "…" } else { "" })
}

impl Snapshot for Webhook {
    fn snapshot(&self) -> Value {
        json!({
            "id": self.id,
            "namespace": self.namespace,
            "url": self.url.shown_url(),
            "events": self.events,
            "threshold_percent": self.threshold_percent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_in_a_url_is_left_out() {
        let shown = without_secrets("https://example.com:8443/hooks/paddock?token=hush");
        assert_eq!(shown, "https://example.com:8443/hooks/paddock…");
        let shown = without_secrets("https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXXXXX");
        assert_eq!(shown, "https://hooks.slack.com/services/T000/B000/…");
    }
}
