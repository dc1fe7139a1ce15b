//! What is sent about webhooks.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::openapi::words::{Text, WebhookEvent};
use utoipa::ToSchema;

/// A webhook to make.
#[derive(ToSchema)]
#[schema(example = json!({
    "events": ["quota_80_percent", "quota_exceeded"], "url": "https://hooks.example.com/paddock",
}))]
pub struct CreateWebhook {
    /// What it is told of.
    #[schema(value_type = Vec<WebhookEvent>, min_items = 1)]
    events: Vec<String>,
    /// Where it is told: a URL the operator allows deliveries to.
    #[schema(max_length = 2_048, format = "uri")]
    url: String,
    /// What signs deliveries: `whsec_` and the Base64 of 24 to 64 bytes, or another text of at least 8
    /// characters. Where none is sent one is made, and answered once.
    #[schema(
        min_length = 8,
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    secret: Option<String>,
    /// The percentage of the monthly quota at which `spend.threshold` is told; 80 where none is sent.
    #[schema(minimum = 1, maximum = 100)]
    threshold_percent: Option<u64>,
}

/// What changes of a webhook: what is sent.
#[derive(ToSchema)]
#[schema(example = json!({ "threshold_percent": 60 }))]
pub struct ChangeWebhook {
    /// What it is told of.
    #[schema(value_type = Option<Vec<WebhookEvent>>, min_items = 1)]
    events: Option<Vec<String>>,
    /// Where it is told.
    #[schema(max_length = 2_048, format = "uri")]
    url: Option<String>,
    /// What signs deliveries from now on; `null` makes one, which is answered once.
    #[schema(
        min_length = 8,
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    secret: Option<String>,
    /// The percentage of the monthly quota at which `spend.threshold` is told.
    #[schema(minimum = 1, maximum = 100)]
    threshold_percent: Option<u64>,
}

/// Events to deliver once more, under their own ids.
#[derive(ToSchema)]
#[schema(example = json!({ "event_ids": ["evt_01JPA2B3C4D5E6F7G8H9JKMNPQ"] }))]
pub struct ReplayEvents {
    /// Events this webhook was told of.
    #[schema(value_type = Vec<Text>, min_items = 1, max_items = 100)]
    event_ids: Vec<String>,
    /// Another URL than the webhook's.
    #[schema(max_length = 2_048, format = "uri")]
    target_url: Option<String>,
}
