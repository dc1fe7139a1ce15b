//! What an alert must have so that it can do what it is for.

use crate::http::error::ApiError;
use crate::state::App;
use paddock_ledger::model::alert::{Alert, AlertAction};
use paddock_ledger::store::{Tx, keys};

/// Checks that an alert has what its action requires, and makes ids of the names of its keys.
///
/// # Errors
/// 400 if something is missing, or no mail can be sent; 404 if its namespace has no such key.
pub async fn check(app: &App, tx: &mut Tx, alert: &mut Alert) -> Result<(), ApiError> {
    let missing = match alert.action {
        AlertAction::Webhook | AlertAction::Slack if alert.webhook_url.is_none() => {
            Some(("webhook_url", "the URL it is delivered to"))
        }
        AlertAction::Email if alert.notify_emails.is_empty() => {
            Some(("notify_emails", "the addresses that get a mail"))
        }
        AlertAction::DisableKey if alert.keys.is_empty() => {
            Some(("keys", "the ids of the keys to disable"))
        }
        _ => None,
    };
    if let Some((field, what)) = missing {
        let message = format!("This action requires '{field}': {what}.");
        return Err(ApiError::invalid(field, message));
    }
    if app.config.mail.is_none() && !alert.notify_emails.is_empty() {
        let message = "This installation sends no mail. The operator must set --smtp-url.";
        return Err(ApiError::invalid("notify_emails", message));
    }
    if alert.keys.is_empty() {
        return Ok(());
    }
    let keys = keys::of_namespace(tx, &alert.namespace).await?;
    for named in &mut alert.keys {
        let key = keys
            .iter()
            .find(|key| key.id == *named || key.name == *named);
        let key = key.ok_or_else(|| ApiError::not_found("key", named))?;
        named.clone_from(&key.id);
    }
    Ok(())
}
