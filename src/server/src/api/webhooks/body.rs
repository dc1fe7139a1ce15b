//! What is sent about webhooks.

use crate::api::prelude::*;
use crate::http::body::values::{UrlText, Words, text_schema, trimmed, value};
use crate::http::body::variant;
use crate::outbound::signature;
use paddock_ledger::ids;
use paddock_ledger::model::secret::Secret;
use paddock_ledger::model::webhook::{Webhook, WebhookEvent};

/// The percentage for `spend.threshold` by default.
const DEFAULT_THRESHOLD: u64 = 80;
/// Longest secret, in characters.
const MAX_SECRET: usize = 256;

/// A webhook: what is sent changes, the rest stays.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "events": ["quota_80_percent", "quota_exceeded"], "url": "https://hooks.example.com/paddock",
}))]
pub struct WebhookBody {
    /// The events that are delivered.
    pub(super) events: Option<Option<Words<WebhookEvent>>>,
    /// The URL they are delivered to. The operator decides which URLs are allowed.
    pub(super) url: Option<Option<UrlText>>,
    /// Signs deliveries. If none is sent with a new webhook, or `null`, one is generated and shown once.
    secret: Option<Option<SigningSecret>>,
    /// The percentage of the monthly quota at which `spend.threshold` is delivered; 80 by default.
    threshold_percent: Option<Option<Whole<1, 100>>>,
}

variant! {
    /// A new webhook.
    CreateWebhook = WebhookBody, requires ["events", "url"], without []
}

variant! {
    /// What changes of a webhook: what is sent.
    UpdateWebhook = WebhookBody, requires [], without []
}

impl WebhookBody {
    /// Changes a webhook. Answers the secret if one was generated: if `null` was sent, or the webhook
    /// has none.
    pub fn apply(self, webhook: &mut Webhook) -> Option<String> {
        self.events.set(&mut webhook.events);
        webhook.events.dedup();
        self.url.set(&mut webhook.url);
        self.threshold_percent.apply(&mut webhook.threshold_percent);
        if webhook.events.contains(&WebhookEvent::Threshold) {
            webhook.threshold_percent.get_or_insert(DEFAULT_THRESHOLD);
        }
        self.secret.set_or(&mut webhook.secret, Secret::default());
        let is_missing = webhook.secret.expose().is_empty();
        let generated = is_missing.then(ids::webhook_secret);
        if let Some(secret) = &generated {
            webhook.secret = Secret::from(secret.clone());
        }
        generated
    }
}

/// A secret that the caller chose.
#[derive(Clone, Debug)]
struct SigningSecret(Secret);

value!(
    SigningSecret,
    "'whsec_' and the Base64 of 24 to 64 bytes, or another text of 8 to 256 characters",
    |value| {
        let secret = trimmed(value, MAX_SECRET).filter(|secret| signature::is_usable(secret))?;
        Some(SigningSecret(Secret::from(secret)))
    },
    text_schema(MAX_SECRET)
        .min_length(Some(8))
        .pattern(Some(
            r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
        ))
        .description(Some(
            "`whsec_` and the Base64 of 24 to 64 bytes, or another text of at least 8 characters."
        ))
);

impl From<SigningSecret> for Secret {
    fn from(secret: SigningSecret) -> Secret {
        secret.0
    }
}
