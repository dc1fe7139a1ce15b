//! A webhook, as it is answered: without its secret.

use crate::api::prelude::*;
use crate::encryption::Encryption;
use paddock_ledger::model::webhook::{Webhook, WebhookEvent};

/// A webhook in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// The namespace's name.
    namespace: String,
    /// The URL that events are delivered to.
    url: String,
    /// The events that are delivered.
    events: Vec<WebhookEvent>,
    /// The percentage of the monthly quota at which `spend.threshold` is delivered.
    threshold_percent: Option<u64>,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A webhook after it was created or updated.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedWebhook)]
pub struct NewWebhook {
    #[serde(flatten)]
    pub(super) webhook: WebhookView,
    /// The secret that signs deliveries, if it was generated now: shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
}

impl WebhookView {
    /// A webhook, as it is answered.
    pub fn new(encryption: &Encryption, webhook: &Webhook) -> WebhookView {
        WebhookView {
            id: webhook.id.clone(),
            object: "webhook",
            namespace: webhook.namespace.clone(),
            url: encryption.url(&webhook.url),
            events: webhook.events.clone(),
            threshold_percent: webhook.threshold_percent,
            created_at: webhook.created_at.to_rfc3339(),
        }
    }
}
