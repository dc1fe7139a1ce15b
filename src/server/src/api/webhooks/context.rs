//! A webhook and its namespace.

use crate::api::prelude::*;
use paddock_core::policy::Limits;
use paddock_ledger::model::webhook::Webhook;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{StoreError, Tx, webhooks};

/// A webhook, and the context of its namespace.
pub struct WebhookContext {
    /// The webhook.
    pub webhook: Webhook,
    /// Its namespace, and what is above that.
    pub context: NamespaceContext,
}

impl Managed for WebhookContext {
    const KIND: &'static str = "webhook";

    async fn load(tx: &mut Tx, id: &str, defaults: &Limits) -> Result<Option<Self>, StoreError> {
        let Some(webhook) = webhooks::find(tx, id).await? else {
            return Ok(None);
        };
        let context = NamespaceContext::find(tx, &webhook.namespace, defaults).await?;
        Ok(context.map(|context| WebhookContext { webhook, context }))
    }

    fn organization(&self) -> &str {
        &self.context.organization.name
    }
}

/// A webhook in a path, with or without its namespace.
#[derive(Debug, Deserialize)]
pub struct WebhookPath {
    /// The namespace's name.
    name: Option<String>,
    /// The webhook's id.
    pub id: String,
}

impl WebhookPath {
    /// The webhook, if it is in the namespace that the path names.
    ///
    /// # Errors
    /// 404 if it is in another one.
    pub fn check(&self, found: WebhookContext) -> Result<WebhookContext, ApiError> {
        match &self.name {
            Some(name) if *name != found.webhook.namespace => {
                Err(ApiError::not_found(WebhookContext::KIND, &self.id))
            }
            _ => Ok(found),
        }
    }
}
