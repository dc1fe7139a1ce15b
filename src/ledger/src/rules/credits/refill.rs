//! Auto-refill: where a namespace's balance is low, an entry is made by itself, in the transaction
//! that found it low, and webhooks are told so that somebody can charge a card for it.

use super::crediting::{MAX_TOTAL, Wish, enter, made};
use crate::ids;
use crate::model::audit::Actor;
use crate::model::credits::account::Account;
use crate::model::credits::auto_refill::AutoRefill;
use crate::model::credits::currency::{DOLLARS, Rate};
use crate::model::credits::{Entry, Kind};
use crate::model::period::Window;
use crate::model::scope::Scope;
use crate::model::webhook::{Event, Webhook};
use crate::rules::audit;
use crate::store::deliveries::{self, NewDelivery};
use crate::store::{StoreError, Tx, auto_refills, credits, webhooks};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// The author of the entries.
pub const AUTHOR: &str = "auto-refill";

/// That a balance was refilled by itself: the body of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefillNotice<'a> {
    /// What happened: `credits.refilled`.
    event: &'static str,
    /// The namespace's name.
    namespace: &'a str,
    /// The id of the entry.
    credit_id: &'a str,
    /// The entry's reference.
    reference: &'a str,
    /// US dollars that were paid in.
    amount_usd: f64,
    /// US dollars that are left, these included.
    balance_usd: f64,
    /// US dollars paid in by itself in this UTC calendar month.
    refilled_this_month_usd: f64,
    /// US dollars that may be.
    at_most_per_month_usd: f64,
}

/// That a balance is low, and is not refilled because of the month's limit: the body of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefillLimitNotice<'a> {
    /// What happened: `credits.refill_limit_reached`.
    event: &'static str,
    /// The namespace's name.
    namespace: &'a str,
    /// US dollars that are left.
    balance_usd: f64,
    /// A balance below this is low, in US dollars.
    below_usd: f64,
    /// US dollars that would have been paid in.
    amount_usd: f64,
    /// US dollars paid in by itself in this UTC calendar month.
    refilled_this_month_usd: f64,
    /// US dollars that may be.
    at_most_per_month_usd: f64,
    /// When the next month begins.
    #[schema(format = DateTime)]
    resets_at: String,
}

/// An entry that was made by itself. It must be recorded before the transaction is committed.
#[derive(Debug)]
#[must_use = "an entry that is not in the audit must not be committed"]
pub struct Refill {
    /// The entry.
    pub entry: Entry,
    actor: Actor,
}

/// Chains refills into the audit. To be called last, as [`audit::record`].
///
/// # Errors
/// Where the database refuses.
pub async fn record(tx: &mut Tx, mut refills: Vec<Refill>) -> Result<(), StoreError> {
    // Chains are locked in one order, as batches do.
    refills.sort_by(|a, b| a.entry.organization.cmp(&b.entry.organization));
    for refill in refills {
        audit::record(tx, &refill.actor, made(&refill.entry)).await?;
    }
    Ok(())
}

/// Pays in once where the balance of one of these namespaces is low. Their scopes must be locked.
///
/// # Errors
/// Where the database refuses.
pub async fn refill_low(
    tx: &mut Tx,
    namespaces: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Vec<Refill>, StoreError> {
    let mut refills = Vec::new();
    for rule in auto_refills::of_prepaid(tx, namespaces).await? {
        let scope = Scope::Namespace(rule.namespace.clone());
        let Some(account) = credits::open_account(tx, &scope.to_string()).await? else {
            continue;
        };
        if account.balance() >= rule.below {
            continue;
        }
        let month = Window::of(CapPeriod::Monthly, now);
        let so_far = credits::paid_in(tx, &account.id, AUTHOR, (month.start, month.end)).await?;
        let total = account.credited.checked_add(rule.amount);
        if total.is_none_or(|total| total > MAX_TOTAL) {
            continue;
        }
        let in_all = so_far.checked_add(rule.amount);
        if in_all.is_none_or(|in_all| in_all > rule.at_most_per_month) {
            let event = Event::RefillLimitReached;
            let notice = RefillLimitNotice {
                event: event.name(),
                namespace: &rule.namespace,
                balance_usd: account.balance().to_dollars(),
                below_usd: rule.below.to_dollars(),
                amount_usd: rule.amount.to_dollars(),
                refilled_this_month_usd: so_far.to_dollars(),
                at_most_per_month_usd: rule.at_most_per_month.to_dollars(),
                resets_at: month.end.to_rfc3339(),
            };
            let occasion = month.start.secs().to_string();
            tell(tx, &rule, event, &occasion, &notice, now).await?;
            continue;
        }
        refills.push(refill(tx, &rule, scope, account, so_far, now).await?);
    }
    Ok(refills)
}

async fn refill(
    tx: &mut Tx,
    rule: &AutoRefill,
    scope: Scope,
    account: Account,
    so_far: Money,
    now: Timestamp,
) -> Result<Refill, StoreError> {
    let wish = Wish {
        scope,
        organization: account.organization.clone(),
        reference: ids::refill_reference(now),
        kind: Kind::TopUp,
        amount: rule.amount,
        original_amount: rule.amount.nanos(),
        currency: DOLLARS.to_owned(),
        rate: Rate::ONE,
    };
    let actor = Actor {
        id: AUTHOR.to_owned(),
        name: AUTHOR.to_owned(),
        ..Actor::service(now)
    };
    let entry = enter(tx, &account, &wish, &actor).await?;
    let balance = account.balance().saturating_add(rule.amount);
    let notice = RefillNotice {
        event: Event::Refilled.name(),
        namespace: &rule.namespace,
        credit_id: &entry.id,
        reference: &entry.reference,
        amount_usd: rule.amount.to_dollars(),
        balance_usd: balance.to_dollars(),
        refilled_this_month_usd: so_far.saturating_add(rule.amount).to_dollars(),
        at_most_per_month_usd: rule.at_most_per_month.to_dollars(),
    };
    tell(tx, rule, Event::Refilled, &entry.id, &notice, now).await?;
    tracing::info!(
        namespace = rule.namespace,
        entry = entry.id,
        "refilled a balance"
    );
    Ok(Refill { entry, actor })
}

/// Tells the webhooks that want to hear of it, each once an occasion.
async fn tell(
    tx: &mut Tx,
    rule: &AutoRefill,
    event: Event,
    occasion: &str,
    notice: &impl Serialize,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Texts and finite numbers cannot fail to serialize.
    let body = serde_json::to_string(notice).unwrap_or_default();
    let webhooks = webhooks::of_namespace(tx, &rule.namespace).await?;
    let listening = webhooks
        .iter()
        .filter(|webhook| webhook.events.contains(&event));
    let delivery = |webhook: &Webhook| NewDelivery {
        id: ids::delivery_id(now),
        owner: webhook.id.clone(),
        occasion: format!("{}/{occasion}", event.name()),
        namespace: rule.namespace.clone(),
        event_id: ids::event_id(now),
        event: event.name().to_owned(),
        channel: "webhook",
        target: webhook.url.clone(),
        body: body.clone(),
    };
    let new: Vec<NewDelivery> = listening.map(delivery).collect();
    deliveries::insert(tx, &new, now).await?;
    Ok(())
}
