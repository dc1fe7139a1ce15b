//! Auto-refill: if a namespace's balance is low, an entry is made automatically, in the transaction
//! that found it low, and webhooks are told so that somebody can charge a card for it.

use super::crediting::{CreditRequest, MAX_TOTAL, add_entry, entry_change};
use crate::ids;
use crate::model::audit::Actor;
use crate::model::calendar::Calendar;
use crate::model::credits::account::Account;
use crate::model::credits::auto_refill::AutoRefill;
use crate::model::credits::currency::{DOLLARS, Rate};
use crate::model::credits::{CreditEntry, EntryKind};
use crate::model::delivery::NewDelivery;
use crate::model::notice::{RefillLimitNotice, RefillNotice};
use crate::model::period::Window;
use crate::model::scope::Scope;
use crate::model::webhook::{Webhook, WebhookEvent};
use crate::rules::audit;
use crate::store::{StoreError, Tx, auto_refills, credits, deliveries, webhooks};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use serde::Serialize;
use std::collections::BTreeSet;

/// The author of the entries.
pub const AUTHOR: &str = "auto-refill";

/// An entry that was made by itself. It must be recorded before the transaction is committed.
#[derive(Debug)]
#[must_use = "an entry that is not in the audit must not be committed"]
pub struct Refill {
    /// The entry.
    pub entry: CreditEntry,
    actor: Actor,
}

/// Chains refills into the audit. To be called last, as [`audit::record`].
pub async fn record(tx: &mut Tx, mut refills: Vec<Refill>) -> Result<(), StoreError> {
    // Chains are locked in one order, as batches do.
    refills.sort_by(|a, b| a.entry.organization.cmp(&b.entry.organization));
    for refill in refills {
        audit::record(tx, &refill.actor, entry_change(&refill.entry)).await?;
    }
    Ok(())
}

/// What is known of one rule while it is applied.
struct Due<'a> {
    rule: AutoRefill,
    scope: Scope,
    account: Account,
    /// What was paid in automatically this month.
    so_far: Money,
    webhooks: Vec<&'a Webhook>,
}

/// Pays in once if the balance of one of these namespaces is low. Their scopes must be locked.
pub async fn refill_low(
    tx: &mut Tx,
    namespaces: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Vec<Refill>, StoreError> {
    let rules = auto_refills::of_prepaid(tx, namespaces).await?;
    let scopes: Vec<String> = rules
        .iter()
        .map(|rule| Scope::Namespace(rule.namespace.clone()).to_string())
        .collect();
    let scopes: BTreeSet<&str> = scopes.iter().map(String::as_str).collect();
    let accounts = credits::accounts_of(tx, &scopes).await?;
    let low = rules.into_iter().filter_map(|rule| {
        let scope = Scope::Namespace(rule.namespace.clone());
        let mut of_scope = accounts.get(&scope.to_string())?.iter();
        let account = of_scope
            .find(|account| account.closed_at.is_none())?
            .clone();
        (account.balance() < rule.below).then_some((rule, scope, account))
    });
    let low: Vec<(AutoRefill, Scope, Account)> = low.collect();
    if low.is_empty() {
        return Ok(Vec::new());
    }
    let month = Calendar::default().window(CapPeriod::Monthly, now);
    let ids: Vec<&str> = low
        .iter()
        .map(|(.., account)| account.id.as_str())
        .collect();
    let paid_in = credits::paid_in(tx, &ids, AUTHOR, (month.start, month.end)).await?;
    let names = low.iter().map(|(rule, ..)| rule.namespace.as_str());
    let webhooks = webhooks::of_namespaces(tx, &names.collect()).await?;
    let mut refills = Vec::new();
    let mut told = Vec::new();
    for (rule, scope, account) in low {
        let of_rule = webhooks
            .iter()
            .filter(|webhook| webhook.namespace == rule.namespace);
        let due = Due {
            so_far: paid_in.get(&account.id).copied().unwrap_or_default(),
            webhooks: of_rule.collect(),
            rule,
            scope,
            account,
        };
        let total = due.account.credited.checked_add(due.rule.amount);
        if total.is_none_or(|total| total > MAX_TOTAL) {
            continue;
        }
        let in_all = due.so_far.checked_add(due.rule.amount);
        if in_all.is_none_or(|in_all| in_all > due.rule.at_most_per_month) {
            told.extend(due.limit_reached(month, now));
            continue;
        }
        let (refill, deliveries) = due.refill(tx, now).await?;
        refills.push(refill);
        told.extend(deliveries);
    }
    deliveries::insert(tx, &told, now).await?;
    Ok(refills)
}

impl Due<'_> {
    async fn refill(
        self,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<(Refill, Vec<NewDelivery>), StoreError> {
        let amount = self.rule.amount;
        let request = CreditRequest {
            scope: self.scope.clone(),
            organization: self.account.organization.clone(),
            reference: ids::refill_reference(now),
            kind: EntryKind::TopUp,
            amount,
            original_amount: amount.nanos(),
            currency: DOLLARS.to_owned(),
            rate: Rate::ONE,
        };
        let actor = Actor {
            id: AUTHOR.to_owned(),
            name: AUTHOR.to_owned(),
            ..Actor::service(now)
        };
        let entry = add_entry(tx, &self.account, &request, &actor).await?;
        let notice = RefillNotice {
            event: WebhookEvent::Refilled.name(),
            namespace: &self.rule.namespace,
            credit_id: &entry.id,
            reference: &entry.reference,
            amount_usd: amount.to_dollars(),
            balance_usd: self.account.balance().saturating_add(amount).to_dollars(),
            refilled_this_month_usd: self.so_far.saturating_add(amount).to_dollars(),
            at_most_per_month_usd: self.rule.at_most_per_month.to_dollars(),
        };
        let told = self.tell(WebhookEvent::Refilled, &entry.id, &notice, now);
        tracing::info!(
            namespace = self.rule.namespace,
            entry = entry.id,
            "refilled a balance"
        );
        Ok((Refill { entry, actor }, told))
    }

    fn limit_reached(&self, month: Window, now: Timestamp) -> Vec<NewDelivery> {
        let event = WebhookEvent::RefillLimitReached;
        let notice = RefillLimitNotice {
            event: event.name(),
            namespace: &self.rule.namespace,
            balance_usd: self.account.balance().to_dollars(),
            below_usd: self.rule.below.to_dollars(),
            amount_usd: self.rule.amount.to_dollars(),
            refilled_this_month_usd: self.so_far.to_dollars(),
            at_most_per_month_usd: self.rule.at_most_per_month.to_dollars(),
            resets_at: month.end.to_rfc3339(),
        };
        self.tell(event, &month.start.secs().to_string(), &notice, now)
    }

    /// Tells the webhooks that listen to the event, each once an occasion.
    fn tell(
        &self,
        event: WebhookEvent,
        occasion: &str,
        notice: &impl Serialize,
        now: Timestamp,
    ) -> Vec<NewDelivery> {
        // Texts and finite numbers cannot fail to serialize.
        let body = serde_json::to_string(notice).unwrap_or_default();
        let webhooks = self.webhooks.iter();
        let listening = webhooks.filter(|webhook| webhook.events.contains(&event));
        listening
            .map(|webhook| NewDelivery::to_webhook(webhook, event, occasion, body.clone(), now))
            .collect()
    }
}
