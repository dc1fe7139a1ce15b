//! Telling webhooks that a quota runs low: rows of the outbox, in the transaction that found it.

use crate::model::delivery::NewDelivery;
use crate::model::notice::QuotaNotice;
use crate::model::period::{DAY, Window};
use crate::model::scope::Scope;
use crate::model::webhook::{Webhook, WebhookEvent};
use crate::rules::caps::Budget;
use crate::rules::quotas;
use crate::store::spend::Asked;
use crate::store::{StoreError, Tx, deliveries, spend, webhooks};
use paddock_core::budget::percent;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// From this percentage on a refusal means that the quota is used up: below it the request was
/// merely large.
const NEARLY_ALL: u64 = 95;

/// How far a namespace has come with its monthly quota.
#[derive(Clone, Copy, Debug)]
struct Progress {
    month: Window,
    quota: Money,
    spent: Money,
    /// A request was refused because the rest does not cover it.
    refused: bool,
}

impl Progress {
    fn has_reached(&self, event: WebhookEvent, threshold: u64) -> bool {
        let used = percent(self.spent.nanos(), self.quota);
        let is_over = event == WebhookEvent::Exceeded && self.refused && used >= NEARLY_ALL;
        used >= threshold || is_over
    }
}

/// Looks at what namespaces have spent in the months just booked in: their names, and the first second of
/// each UTC day that something was booked on.
pub async fn after_booking(
    tx: &mut Tx,
    days: &BTreeSet<(String, u64)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let names: BTreeSet<String> = days.iter().map(|(name, _)| name.clone()).collect();
    let webhooks = webhooks::with_quotas(tx, &names).await?;
    if webhooks.is_empty() {
        return Ok(());
    }
    let scope = |name: &str| Scope::Namespace(name.to_owned());
    let watched = webhooks.iter().map(|(one, _)| one.namespace.as_str());
    let watched: BTreeSet<&str> = watched.collect();
    let scopes: Vec<Scope> = watched.iter().map(|name| scope(name)).collect();
    let quotas = quotas::of_scopes(tx, &scopes).await?;
    // By the first moment of each month, of whatever calendar.
    let mut months: BTreeMap<Timestamp, BTreeSet<&str>> = BTreeMap::new();
    for (name, day) in days
        .iter()
        .filter(|(name, _)| watched.contains(name.as_str()))
    {
        let Some(quotas) = quotas.get(&scope(name).to_string()) else {
            continue;
        };
        // A day of UTC may lie in two months of another zone.
        for at in [*day, day.saturating_add(DAY.saturating_sub(1))] {
            let at = Timestamp::from_secs(at);
            let month = quotas.calendar.window(CapPeriod::Monthly, at);
            if month.start <= now {
                months.entry(month.start).or_default().insert(name);
            }
        }
    }
    let mut new = Vec::new();
    // Nearly always one month: a batch seldom has calls of two.
    for (start, names) in months {
        let names: Vec<(&str, String)> = names
            .into_iter()
            .map(|name| (name, scope(name).to_string()))
            .collect();
        let asked = names.iter().filter_map(|(_, scope)| {
            Some(Asked {
                periods: vec![CapPeriod::Monthly],
                ..quotas.get(scope)?.asked(scope)
            })
        });
        let booked = spend::booked(tx, &asked.collect::<Vec<_>>(), start).await?;
        for (name, scope) in &names {
            let Some(quotas) = quotas.get(scope) else {
                continue;
            };
            for (webhook, quota) in webhooks.iter().filter(|(one, _)| one.namespace == *name) {
                let progress = Progress {
                    month: quotas.calendar.window(CapPeriod::Monthly, start),
                    quota: *quota,
                    spent: booked.of(scope, CapPeriod::Monthly),
                    refused: false,
                };
                new.extend(due(webhook, &progress, now));
            }
        }
    }
    deliveries::insert(tx, &new, now).await?;
    Ok(())
}

/// Looks at a budget that could not cover a need of `needed`.
pub async fn after_refusal(
    tx: &mut Tx,
    budget: &Budget,
    needed: Money,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(Scope::Namespace(namespace)) = Scope::parse(&budget.scope) else {
        return Ok(());
    };
    let monthly = |cap: &&paddock_core::budget::Cap| cap.period == CapPeriod::Monthly;
    let Some(cap) = budget.caps.iter().find(monthly) else {
        return Ok(());
    };
    // What gateways hold comes back: then the request can be served after all.
    if cap.remaining() >= needed || percent(cap.booked.nanos(), cap.quota) < NEARLY_ALL {
        return Ok(());
    }
    let progress = Progress {
        month: budget.calendar.window(CapPeriod::Monthly, now),
        quota: cap.quota,
        spent: cap.booked,
        refused: true,
    };
    let webhooks = webhooks::of_namespace(tx, &namespace).await?;
    let new = webhooks
        .iter()
        .flat_map(|webhook| due(webhook, &progress, now))
        .collect::<Vec<_>>();
    deliveries::insert(tx, &new, now).await?;
    Ok(())
}

fn due(webhook: &Webhook, progress: &Progress, now: Timestamp) -> Vec<NewDelivery> {
    let Progress {
        month,
        quota,
        spent,
        ..
    } = *progress;
    let reached = webhook
        .thresholds()
        .filter(|(event, threshold)| progress.has_reached(*event, *threshold));
    let delivery = |(event, threshold): (WebhookEvent, u64)| {
        let body = QuotaNotice {
            event: event.name(),
            namespace: &webhook.namespace,
            quota_usd: quota.to_dollars(),
            spent_usd: spent.to_dollars(),
            remaining_usd: quota.saturating_sub(spent).or_zero().to_dollars(),
            projected_exhaustion: exhaustion(&month, quota, spent, now).to_rfc3339(),
        };
        let (period, start) = (CapPeriod::Monthly.name(), month.start.secs());
        let occasion = format!("{threshold}/{period}/{start}");
        // Texts and finite numbers cannot fail to serialize.
        let body = serde_json::to_string(&body).unwrap_or_default();
        NewDelivery::to_webhook(webhook, event, &occasion, body, now)
    };
    reached.map(delivery).collect()
}

/// When the quota will be used up if the month goes on as it did so far: after the month's end where
/// it will last, and at once where it is used up.
fn exhaustion(month: &Window, quota: Money, spent: Money, now: Timestamp) -> Timestamp {
    let now = now.min(month.end);
    let remaining = quota.saturating_sub(spent).or_zero().nanos();
    let elapsed = i128::try_from(now.since(month.start).as_nanos()).unwrap_or(i128::MAX);
    let wait = elapsed
        .saturating_mul(remaining.into())
        .checked_div(spent.nanos().into());
    let wait = wait.and_then(|nanos| u64::try_from(nanos).ok());
    now.plus(Duration::from_nanos(wait.unwrap_or(u64::MAX)))
        .min(Timestamp::from_secs(FAR))
}

/// 9999-12-31T23:59:59Z does not fit into a timestamp of nanoseconds; the year 2500 does.
const FAR: u64 = 16_725_225_600;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::calendar::Calendar;

    #[test]
    fn a_quota_lasts_as_long_as_the_month_so_far_says() {
        // 2026-03-11T00:00:00Z: ten days of March are over.
        let now = Timestamp::from_secs(1_773_187_200);
        let month = Calendar::default().window(CapPeriod::Monthly, now);
        let dollars = |amount: i64| Money::from_nanos(amount * 1_000_000_000);
        let at =
            |quota, spent| exhaustion(&month, dollars(quota), dollars(spent), now).to_rfc3339();
        assert_eq!(at(500, 400), "2026-03-13T12:00:00Z");
        assert_eq!(at(500, 500), "2026-03-11T00:00:00Z");
        assert_eq!(at(500, 600), "2026-03-11T00:00:00Z");
        assert_eq!(at(500, 100), "2026-04-20T00:00:00Z", "it lasts the month");
        assert_eq!(at(500, 0), "2500-01-01T00:00:00Z");
    }
}
