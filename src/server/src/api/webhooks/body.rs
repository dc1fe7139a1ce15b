//! What is sent about webhooks.

use crate::api::prelude::*;
use crate::encryption::Encryption;
use crate::http::body::values::{PLAIN_PATTERN, UrlText, Words, text_schema, trimmed, value};
use crate::http::body::variant;
use crate::outbound::signature;
use paddock_ledger::ids;
use paddock_ledger::model::sealed::Sealed;
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
    ///
    /// # Errors
    /// 503 if nothing can be encrypted.
    pub fn apply(
        self,
        encryption: &Encryption,
        webhook: &mut Webhook,
    ) -> Result<Option<String>, ApiError> {
        self.events.set(&mut webhook.events);
        webhook.events.dedup();
        if let Some(url) = self.url.value() {
            webhook.url = encryption.seal_url(url.as_ref())?;
        }
        self.threshold_percent.apply(&mut webhook.threshold_percent);
        if webhook.events.contains(&WebhookEvent::Threshold) {
            webhook.threshold_percent.get_or_insert(DEFAULT_THRESHOLD);
        }
        if let Some(secret) = self.secret {
            let secret = secret.map(Secret::from).unwrap_or_default();
            webhook.secret = encryption.seal_secret(&secret)?;
        }
        let generated = webhook.secret.is_empty().then(ids::webhook_secret);
        if let Some(secret) = &generated {
            webhook.secret = encryption.seal_secret(&Secret::from(secret.clone()))?;
        }
        Ok(generated)
    }
}

/// A secret that the caller chose.
#[derive(Clone, Debug)]
struct SigningSecret(Secret);

value!(
    SigningSecret,
    "'whsec_' and the Base64 of 24 to 64 bytes, or another text of 8 to 256 characters",
    |value| {
        let secret = trimmed(value, MAX_SECRET)
            .filter(|secret| signature::is_usable(secret) && !Sealed::looks_encrypted(secret))?;
        Some(SigningSecret(Secret::from(secret)))
    },
    text_schema(MAX_SECRET)
        .min_length(Some(8))
        .pattern(Some(PLAIN_PATTERN))
        .description(Some(
            "`whsec_` and the Base64 of 24 to 64 bytes, or another text of at least 8 characters."
        ))
);

impl From<SigningSecret> for Secret {
    fn from(secret: SigningSecret) -> Secret {
        secret.0
    }
}
