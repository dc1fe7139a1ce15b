//! Deliveries: what is sent to whom over which channel, and how it went.

use crate::ids;
use crate::model::alert::Alert;
use crate::model::sealed::Sealed;
use crate::model::webhook::{Webhook, WebhookEvent};
use paddock_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// How something is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A signed POST.
    Webhook,
    /// A message to Slack's incoming webhook.
    Slack,
    /// A mail.
    Email,
}

impl Channel {
    /// As it is stored, and as metrics call it.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Webhook => "webhook",
            Channel::Slack => "slack",
            Channel::Email => "email",
        }
    }
}

/// Something to be delivered.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// `dlv_…`.
    pub id: String,
    /// The webhook or alert it is for.
    pub owner: String,
    /// The event, its threshold and its period: each owner is told of an occasion once.
    pub occasion: String,
    /// The namespace it is about.
    pub namespace: String,
    /// `evt_…`: a replay has the same.
    pub event_id: String,
    /// The event's name.
    pub event: String,
    /// How it is delivered.
    pub channel: Channel,
    /// The URL or the e-mail address.
    pub target: Sealed,
    /// The body.
    pub body: String,
}

impl NewDelivery {
    /// Of an event of a namespace to an owner, with ids of its own.
    pub fn new(
        (owner, namespace): (&str, &str),
        event: &str,
        occasion: String,
        (channel, target): (Channel, &Sealed),
        body: String,
        now: Timestamp,
    ) -> NewDelivery {
        NewDelivery {
            id: ids::delivery_id(now),
            owner: owner.to_owned(),
            occasion,
            namespace: namespace.to_owned(),
            event_id: ids::event_id(now),
            event: event.to_owned(),
            channel,
            target: target.clone(),
            body,
        }
    }

    /// Of an event to a webhook.
    pub fn to_webhook(
        webhook: &Webhook,
        event: WebhookEvent,
        occasion: &str,
        body: String,
        now: Timestamp,
    ) -> NewDelivery {
        let name = event.name();
        let to = (Channel::Webhook, &webhook.url);
        let owner = (webhook.id.as_str(), webhook.namespace.as_str());
        NewDelivery::new(owner, name, format!("{name}/{occasion}"), to, body, now)
    }

    /// Of an alert that fired in the period that begins at `start`.
    pub fn of_alert(
        alert: &Alert,
        start: Timestamp,
        (channel, target): (Channel, &Sealed),
        body: String,
        now: Timestamp,
    ) -> NewDelivery {
        // Of mails there are several.
        let address = match channel {
            Channel::Email => target.stored(),
            Channel::Webhook | Channel::Slack => "",
        };
        let occasion = format!("{}/{address}/{}", channel.name(), start.secs());
        let owner = (alert.id.as_str(), alert.namespace.as_str());
        NewDelivery::new(owner, "spend.alert", occasion, (channel, target), body, now)
    }
}

/// A delivery that was claimed.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Its id.
    pub id: String,
    /// The webhook or alert it is for.
    pub owner: String,
    /// The namespace it is about.
    pub namespace: String,
    /// The event's id.
    pub event_id: String,
    /// The event's name.
    pub event: String,
    /// How it is delivered.
    pub channel: Channel,
    /// The URL or the e-mail address.
    pub target: Sealed,
    /// The body.
    pub body: String,
    /// How often it was tried, this time included.
    pub attempts: u64,
    /// The secret that signs it.
    pub secret: Sealed,
}

/// How an attempt to deliver went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver accepted it.
    Delivered {
        /// The HTTP status.
        status: u16,
    },
    /// It is to be tried again.
    Retry {
        /// The HTTP status, if there was an answer.
        status: Option<u16>,
        /// What went wrong.
        error: String,
        /// When.
        due_at: Timestamp,
    },
    /// It was given up.
    Failed {
        /// The HTTP status, if there was an answer.
        status: Option<u16>,
        /// What went wrong.
        error: String,
    },
}

impl DeliveryOutcome {
    /// As metrics call it.
    pub const fn name(&self) -> &'static str {
        match self {
            DeliveryOutcome::Delivered { .. } => "delivered",
            DeliveryOutcome::Retry { .. } => "retried",
            DeliveryOutcome::Failed { .. } => "failed",
        }
    }
}

/// A delivery as the log has it.
#[derive(Clone, Debug)]
pub struct LoggedDelivery {
    /// Its id.
    pub id: String,
    /// The event's id.
    pub event_id: String,
    /// The event's name.
    pub event: String,
    /// The URL or the e-mail address.
    pub target: Sealed,
    /// The body.
    pub body: String,
    /// `pending`, `delivered` or `failed`.
    pub status: String,
    /// How often it was tried.
    pub attempts: u64,
    /// When it is tried next, while it is pending.
    pub due_at: Timestamp,
    /// The HTTP status the receiver last answered.
    pub response_status: Option<u64>,
    /// What last went wrong.
    pub error: Option<String>,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}
