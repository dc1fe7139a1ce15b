//! What follows from an alert that is due, in one transaction, once a period.

use super::reading::Reading;
use crate::ids;
use crate::model::alert::{Action, Alert, Span, Threshold, from_thousandths};
use crate::model::audit::Actor;
use crate::rules::audit;
use crate::rules::context::NamespaceContext;
use crate::rules::key_switch;
use crate::store::deliveries::{self, NewDelivery};
use crate::store::{StoreError, Tx, alerts, keys, namespaces, policy};
use paddock_core::policy::Limits;
use paddock_core::timestamp::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// That an alert fired: the body its webhook gets.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertNotice<'a> {
    /// Always `spend.alert`.
    event: &'static str,
    /// The alert's name.
    alert: &'a str,
    /// The namespace's name.
    namespace: &'a str,
    /// How much time was looked at.
    window: Span,
    /// The window's budget, in US dollars.
    quota_usd: f64,
    /// US dollars spent in it.
    spent_usd: f64,
    /// US dollars left of it.
    remaining_usd: f64,
    /// How much of it is spent, in percent.
    percent: f64,
    /// The alert's message, filled in.
    message: &'a str,
}

/// Fires an alert that `reading` says is due. `false` where it has fired in this period already, or
/// is no more; then nothing is to be committed.
///
/// # Errors
/// Where the database refuses; then nothing is to be committed.
pub async fn fire(
    tx: &mut Tx,
    alert: &Alert,
    reading: &Reading,
    defaults: &Limits,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // Before anything else, as for every change of the policy.
    let revision = match alert.action.changes_policy() {
        true => Some(policy::next_revision(tx).await?),
        false => None,
    };
    if alerts::find(tx, &alert.namespace, &alert.id)
        .await?
        .is_none()
    {
        return Ok(false);
    }
    let period = alert.period(now);
    if !alerts::note_firing(tx, &alert.id, period.start, now).await? {
        return Ok(false);
    }
    let Some(context) = NamespaceContext::find(tx, &alert.namespace, defaults).await? else {
        return Ok(false);
    };
    deliveries::insert(tx, &messages(alert, reading, period.start, now), now).await?;
    let actor = Actor {
        id: format!("alert:{}", alert.name),
        name: alert.name.clone(),
        ..Actor::service(now)
    };
    match (alert.action, revision) {
        (Action::DisableKey, Some(revision)) => {
            for id in &alert.keys {
                let key = keys::find(tx, id).await?;
                if let Some(key) = key.filter(|key| key.namespace == alert.namespace) {
                    key_switch::switch(tx, &context, &key, false, revision, &actor).await?;
                }
            }
        }
        (Action::Throttle, Some(revision)) => {
            let mut namespace = context.namespace.clone();
            namespace.throttled_until = Some(period.end);
            namespace.revision = revision;
            namespace.updated_at = now;
            namespaces::update(tx, &namespace).await?;
            let change = context.change("namespace.throttle", &namespace.name);
            let change = change.before(&context.namespace).after(&namespace);
            audit::record(tx, &actor, change).await?;
        }
        _ => {}
    }
    Ok(true)
}

/// What is said to whom.
fn messages(
    alert: &Alert,
    reading: &Reading,
    start: Timestamp,
    now: Timestamp,
) -> Vec<NewDelivery> {
    let text = message(alert, reading);
    let delivery = |channel: &'static str, target: &str, body: String| NewDelivery {
        id: ids::delivery_id(now),
        owner: alert.id.clone(),
        occasion: format!("{channel}/{target}/{}", start.secs()),
        namespace: alert.namespace.clone(),
        event_id: ids::event_id(now),
        event: "spend.alert".to_owned(),
        channel,
        target: target.to_owned(),
        body,
    };
    let mut messages = Vec::new();
    match (alert.action, &alert.webhook_url) {
        (Action::Webhook, Some(url)) => {
            let remaining = reading.limit.saturating_sub(reading.spent).or_zero();
            let body = json!(AlertNotice {
                event: "spend.alert",
                alert: &alert.name,
                namespace: &alert.namespace,
                window: alert.span,
                quota_usd: reading.limit.to_dollars(),
                spent_usd: reading.spent.to_dollars(),
                remaining_usd: remaining.to_dollars(),
                percent: rounded(reading.percent),
                message: &text,
            });
            messages.push(delivery("webhook", url, body.to_string()));
        }
        (Action::Slack, Some(url)) => {
            let body = json!({ "text": text }).to_string();
            messages.push(delivery("slack", url, body));
        }
        _ => {}
    }
    let subject = format!("Paddock: {} of {}", alert.name, alert.namespace);
    let mail = json!({ "subject": subject, "text": text }).to_string();
    for address in &alert.notify_emails {
        messages.push(delivery("email", address, mail.clone()));
    }
    messages
}

fn message(alert: &Alert, reading: &Reading) -> String {
    let default = match alert.threshold {
        Threshold::Percent(_) => "{namespace} has spent {spent} of {limit} ({pct}%)".to_owned(),
        Threshold::Deviations(count) => format!(
            "{{namespace}} has spent {{spent}} in this hour, more than {{limit}}: the mean and {} \
             standard deviations",
            from_thousandths(count)
        ),
    };
    let template = alert.message_template.as_ref().unwrap_or(&default);
    // Names come last: what they hold is not read as a placeholder.
    template
        .replace("{pct}", &format!("{}", rounded(reading.percent)))
        .replace("{spent}", &reading.spent.to_string())
        .replace("{limit}", &reading.limit.to_string())
        .replace("{namespace}", &alert.namespace)
}

fn rounded(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}
