//! What follows from an alert that is due, in one transaction, once a period.

use super::reading::Reading;
use crate::model::alert::{Alert, AlertAction, Threshold, from_thousandths};
use crate::model::audit::Actor;
use crate::model::delivery::{Channel, NewDelivery};
use crate::model::notice::AlertNotice;
use crate::model::sealed::Sealed;
use crate::rules::audit;
use crate::rules::context::NamespaceContext;
use crate::rules::key_switch;
use crate::store::{StoreError, Tx, alerts, deliveries, keys, namespaces, policy};
use paddock_core::policy::Limits;
use paddock_core::timestamp::Timestamp;
use serde_json::json;

/// Fires an alert that `reading` says is due. `false` if it has fired in this period already, or
/// is no more; then nothing is to be committed.
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
    deliveries::insert(tx, &messages(alert, reading, period.start, now), now).await?;
    let Some(revision) = revision else {
        return Ok(true);
    };
    let Some(context) = NamespaceContext::find(tx, &alert.namespace, defaults).await? else {
        return Ok(false);
    };
    let actor = Actor {
        id: format!("alert:{}", alert.name),
        name: alert.name.clone(),
        ..Actor::service(now)
    };
    match alert.action {
        AlertAction::DisableKey => {
            for id in &alert.keys {
                let key = keys::find(tx, id).await?;
                if let Some(key) = key.filter(|key| key.namespace == alert.namespace) {
                    key_switch::switch(tx, &context, &key, false, revision, &actor).await?;
                }
            }
        }
        AlertAction::Throttle => {
            let mut namespace = context.namespace.clone();
            namespace.throttled_until = Some(period.end);
            namespace.revision = revision;
            namespace.updated_at = now;
            namespaces::update(tx, &namespace).await?;
            let change = context.change("namespace.throttle", &namespace.name);
            let change = change.before(&context.namespace).after(&namespace);
            audit::record(tx, &actor, change).await?;
        }
        AlertAction::Webhook | AlertAction::Slack | AlertAction::Email => {}
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
    let delivery = |channel: Channel, target: &Sealed, body: String| {
        NewDelivery::of_alert(alert, start, (channel, target), body, now)
    };
    let mut messages = Vec::new();
    match (alert.action, &alert.webhook_url) {
        (AlertAction::Webhook, Some(url)) => {
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
            messages.push(delivery(Channel::Webhook, url, body.to_string()));
        }
        (AlertAction::Slack, Some(url)) => {
            let body = json!({ "text": text }).to_string();
            messages.push(delivery(Channel::Slack, url, body));
        }
        _ => {}
    }
    let subject = format!("Paddock: {} of {}", alert.name, alert.namespace);
    let mail = json!({ "subject": subject, "text": text }).to_string();
    for address in &alert.notify_emails {
        messages.push(delivery(
            Channel::Email,
            &Sealed::from(address.clone()),
            mail.clone(),
        ));
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
