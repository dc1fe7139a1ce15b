//! A webhook, as it is answered: without its secret.

use crate::domain::webhook::{Event, Webhook};
use serde::Serialize;

/// A webhook in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct WebhookView {
    id: String,
    object: &'static str,
    namespace: String,
    url: String,
    events: Vec<Event>,
    threshold_percent: Option<u64>,
    created_at: String,
}

impl From<&Webhook> for WebhookView {
    fn from(webhook: &Webhook) -> WebhookView {
        WebhookView {
            id: webhook.id.clone(),
            object: "webhook",
            namespace: webhook.namespace.clone(),
            url: webhook.url.clone(),
            events: webhook.events.clone(),
            threshold_percent: webhook.threshold_percent,
            created_at: webhook.created_at.to_rfc3339(),
        }
    }
}
