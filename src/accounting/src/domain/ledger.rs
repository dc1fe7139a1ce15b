//! Booking: a gateway's events and reports become the ledger's, all of a batch or none.

use crate::domain::audit::Calls;
use crate::domain::caps::{self, Budget, Terms};
use crate::domain::notices;
use crate::domain::period::{Window, name};
use crate::domain::scope::Scope;
use crate::ids;
use crate::store::leases::{self, OpenLease};
use crate::store::rollups::Rollups;
use crate::store::user_rollups::UserRollups;
use crate::store::{StoreError, Tx, audit, events, reservations, spend};
use paddock_core::money::Money;
use paddock_core::policy::{shared_user_scope, user_scope};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{CapPeriod, Lease, LeaseReport, Outcome, UsageEvent};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// More tokens than any call can have: above it, sums could overflow.
const MAX_TOKENS: u64 = 1 << 40;
/// More than any call can cost, ten million dollars: above it, sums could overflow.
const MAX_COST: Money = Money::from_nanos(10_000_000_000_000_000);
/// Longest name that an index of PostgreSQL surely takes.
const MAX_NAME: usize = 512;

/// A batch, read: what can be booked, and what a person must look at.
#[derive(Debug, Default)]
pub struct ReadBatch<'a> {
    /// In the order of their ids, each id once.
    pub events: Vec<UsageEvent<'a>>,
    /// What is wrong, and the text.
    pub rejected: Vec<(String, &'a str)>,
}

impl<'a> ReadBatch<'a> {
    /// Reads each event on its own, so that one that is broken holds up no other.
    ///
    /// An event that started before `oldest` is not booked: its id may have been dropped from the
    /// ledger with its entry of the audit, so that nobody could tell whether it is new.
    pub fn read(raw: &'a [Box<RawValue>], oldest: Timestamp) -> ReadBatch<'a> {
        let mut batch = ReadBatch::default();
        for text in raw.iter().map(|event| event.get()) {
            let event = serde_json::from_str(text).map_err(|error| error.to_string());
            let young = |event: UsageEvent<'a>| match event.started_at < oldest {
                true => Err(format!(
                    "it started before {}, where the audit ends",
                    oldest.to_rfc3339()
                )),
                false => Ok(event),
            };
            match event.and_then(plausible).and_then(young) {
                Ok(event) => batch.events.push(event),
                Err(error) => batch.rejected.push((error, text)),
            }
        }
        batch.events.sort_by_key(|event| event.id);
        batch.events.dedup_by_key(|event| event.id);
        batch
    }
}

fn plausible(event: UsageEvent<'_>) -> Result<UsageEvent<'_>, String> {
    let tokens = &event.tokens;
    let counts = [
        tokens.input,
        tokens.cached_input,
        tokens.cache_write_5m,
        tokens.cache_write_1h,
        tokens.output,
        tokens.reasoning,
        event.duration_ms,
        event.refusals,
    ];
    let names = [
        &event.key_id,
        &event.namespace,
        &event.organization,
        &event.model,
    ];
    if counts.into_iter().any(|count| count > MAX_TOKENS) {
        Err(format!("a count is above {MAX_TOKENS}"))
    } else if event.cost < Money::ZERO || event.cost > MAX_COST {
        Err(format!("the cost is not from $0 to {MAX_COST}"))
    } else if i64::try_from(event.started_at.nanos()).is_err() {
        Err("started_at is after the year 2262".to_owned())
    } else if names.into_iter().any(|name| name.len() > MAX_NAME) {
        Err(format!("a name is longer than {MAX_NAME} bytes"))
    } else {
        Ok(event)
    }
}

/// What booking a message came to.
#[derive(Debug, Default)]
pub struct Booked {
    /// Events that were new.
    pub new_events: usize,
    /// The leases reported that are still the gateway's.
    pub leases: Vec<Lease>,
}

/// Books a batch and takes note of what a gateway says of its leases.
///
/// # Errors
/// Where the database refuses; then nothing was booked.
pub async fn book(
    tx: &mut Tx,
    terms: &Terms,
    gateway: &str,
    batch: &ReadBatch<'_>,
    reports: &[LeaseReport],
    now: Timestamp,
) -> Result<Booked, StoreError> {
    let number = ids::audit_batch(now);
    // The events first: this takes long and needs no lock that lending waits for.
    let new = events::insert(tx, gateway, &batch.events, number).await?;
    events::reject(tx, gateway, &batch.rejected, now).await?;
    let mut rollups = Rollups::default();
    let mut users = UserRollups::default();
    let mut calls = Calls::default();
    let mut amounts: BTreeMap<spend::SpendKey, Money> = BTreeMap::new();
    let mut lease_spend: BTreeMap<i64, Money> = BTreeMap::new();
    for event in batch
        .events
        .iter()
        .filter(|event| new.contains(&event.id.to_string()))
    {
        calls.add(gateway, event);
        // What was never served is in the audit, and no usage.
        if event.outcome == Outcome::Refused {
            continue;
        }
        rollups.add(event);
        users.add(event);
        if event.cost > Money::ZERO {
            add_amounts(&mut amounts, event);
            for id in &event.leases {
                let spent = lease_spend.entry(*id).or_default();
                *spent = spent.saturating_add(event.cost);
            }
        }
    }
    let mut scopes: BTreeSet<String> = amounts.keys().map(|(scope, ..)| scope.clone()).collect();
    scopes.extend(reports.iter().map(|report| report.scope.clone()));
    let scarce = caps::lock(tx, scopes).await?;
    rollups.store(tx).await?;
    users.store(tx).await?;
    let months = months_of_namespaces(&amounts);
    spend::add(tx, amounts).await?;
    notices::after_booking(tx, &months, now).await?;
    let by_scope = leases::add_spent(tx, &lease_spend).await?;
    reservations::add_spent(tx, &by_scope).await?;

    let reported: BTreeSet<&str> = reports.iter().map(|report| report.scope.as_str()).collect();
    let reported: Vec<Scope> = reported.into_iter().filter_map(Scope::parse).collect();
    let mut budgets = caps::load(tx, terms, &scarce, &reported, now).await?;
    let mut book = Reports::default();
    for report in reports {
        if let Some(budget) = budgets.get_mut(&report.scope) {
            book.take(tx, terms, budget, gateway, report, now).await?;
        }
    }
    leases::close(tx, &book.closed, now).await?;
    for ((expires_at, period_ends_at), ids) in &book.renewed {
        leases::renew(tx, ids, *expires_at, *period_ends_at).await?;
    }
    // Last, because whoever holds a chain holds up its organization's other batches and changes.
    audit::append(tx, calls.into_segments(number, now)).await?;
    let mut answer = Booked {
        new_events: new.len(),
        leases: Vec::with_capacity(book.told.len()),
    };
    for budget in budgets.values_mut() {
        budget.count_leases(now);
    }
    for (scope, lease) in &book.told {
        if let Some(budget) = budgets.get(scope) {
            let hold_at_most = budget.is_short(now).then_some(Money::ZERO);
            answer.leases.push(budget.describe(lease, hold_at_most));
        }
    }
    Ok(answer)
}

/// The namespaces that something is booked to, and the first seconds of the months.
fn months_of_namespaces(amounts: &BTreeMap<spend::SpendKey, Money>) -> BTreeSet<(String, u64)> {
    let keys = amounts.keys().filter_map(|(scope, period, start)| {
        let namespace = scope.strip_prefix("namespace:")?;
        (*period == name(CapPeriod::Monthly)).then(|| (namespace.to_owned(), *start))
    });
    keys.collect()
}

fn add_amounts(amounts: &mut BTreeMap<spend::SpendKey, Money>, event: &UsageEvent<'_>) {
    let mut scopes = vec![
        Scope::Key(event.key_id.to_string()).to_string(),
        Scope::Namespace(event.namespace.to_string()).to_string(),
        Scope::Organization(event.organization.to_string()).to_string(),
    ];
    if let Some(user) = &event.user {
        scopes.push(user_scope(&event.namespace, user));
    }
    if event.user_shared {
        scopes.push(shared_user_scope(&event.namespace));
    }
    for scope in scopes {
        for period in [CapPeriod::Daily, CapPeriod::Monthly] {
            let start = Window::of(period, event.started_at).start.secs();
            let amount = amounts
                .entry((scope.clone(), name(period), start))
                .or_default();
            *amount = amount.saturating_add(event.cost);
        }
    }
}

/// What follows from a gateway's reports.
#[derive(Default)]
struct Reports {
    closed: Vec<i64>,
    renewed: BTreeMap<(Timestamp, Timestamp), Vec<i64>>,
    told: Vec<(String, OpenLease)>,
}

impl Reports {
    async fn take(
        &mut self,
        tx: &mut Tx,
        terms: &Terms,
        budget: &mut Budget,
        gateway: &str,
        report: &LeaseReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let is_it = |lease: &OpenLease| lease.id == report.id && lease.gateway == gateway;
        let Some(at) = budget.leases.iter().position(is_it) else {
            return Ok(());
        };
        let opened_at = budget.leases.get(at).map_or(now, |lease| lease.opened_at);
        let period_ends_at = budget.end_of_lease(opened_at);
        let Some(lease) = budget.leases.get_mut(at) else {
            return Ok(());
        };
        if report.returned > lease.returned {
            lease.returned = report.returned;
            leases::set_returned(tx, lease.id, lease.returned).await?;
        }
        if report.idle {
            // Where something is outstanding the lease was lent more since the report was
            // written, or events are on their way: it stays, and ends by itself.
            if lease.outstanding() == Money::ZERO {
                self.closed.push(lease.id);
                budget.leases.remove(at);
                return Ok(());
            }
        } else if period_ends_at > now {
            let expires_at = now.plus(terms.ttl).min(period_ends_at);
            // Not at every message: a write for each lease a second would be most of the work.
            let worth_it = expires_at.since(lease.expires_at).saturating_mul(6) >= terms.ttl;
            if worth_it || period_ends_at != lease.period_ends_at {
                lease.expires_at = expires_at;
                lease.period_ends_at = period_ends_at;
                self.renewed
                    .entry((expires_at, period_ends_at))
                    .or_default()
                    .push(lease.id);
            }
        }
        let mut told = lease.clone();
        told.period_ends_at = told.period_ends_at.min(period_ends_at);
        told.expires_at = told.expires_at.min(told.period_ends_at);
        self.told.push((budget.scope.clone(), told));
        Ok(())
    }
}
