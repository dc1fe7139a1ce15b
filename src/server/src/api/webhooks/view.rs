//! A webhook, as it is answered: without its secret.

use crate::openapi::words;
use paddock_ledger::model::webhook::{Webhook, WebhookEvent};
use serde::Serialize;
use utoipa::ToSchema;

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
    /// Where it is told.
    url: String,
    /// What it is told of.
    #[schema(value_type = Vec<words::WebhookEvent>)]
    events: Vec<WebhookEvent>,
    /// The percentage at which `spend.threshold` is told.
    threshold_percent: Option<u64>,
    /// When it was made.
    #[schema(format = DateTime)]
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
