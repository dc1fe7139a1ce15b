//! Booking: the events and reports of gateways become the ledger's, all of a batch or none.

use crate::ids;
use crate::model::period::{DAY, name, start_of, start_of_month};
use crate::model::scope::Scope;
use crate::rules::audit::Calls;
use crate::rules::batch::{Entry, ReadBatch};
use crate::rules::caps::{self, Budget, Terms};
use crate::rules::credits::{self, refill};
use crate::rules::notices;
use crate::store::events::{self, EventRow, Ids};
use crate::store::latencies::Latencies;
use crate::store::leases::{self, OpenLease};
use crate::store::rollups::Rollups;
use crate::store::user_rollups::UserRollups;
use crate::store::{StoreError, Tx, audit, blocks, reservations, spend};
use paddock_core::money::Money;
use paddock_core::policy::{shared_user_scope, user_scope};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{CapPeriod, Lease, LeaseReport};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What booking a message came to.
#[derive(Debug, Default)]
pub struct Booked {
    /// Events that were new.
    pub new_events: usize,
    /// The leases reported that are still the gateway's.
    pub leases: Vec<Lease>,
}

/// What one gateway says at once.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Who says it.
    pub gateway: String,
    /// Its events.
    pub batch: ReadBatch,
    /// Its leases.
    pub reports: Vec<LeaseReport>,
}

/// What the events of some messages come to: sums and hashes, made before the transaction, in
/// which everybody else waits.
#[derive(Debug)]
pub struct Sums<'a> {
    /// The number the events get.
    number: i64,
    /// In the order of their ids, each id once.
    events: Vec<&'a Entry>,
    rollups: Rollups<'a>,
    latencies: Latencies<'a>,
    users: UserRollups<'a>,
    calls: Calls,
    amounts: BTreeMap<spend::SpendKey, Money>,
    leases: BTreeMap<i64, Money>,
}

impl<'a> Sums<'a> {
    /// Of the messages' events that are not among `known`.
    pub fn of(messages: &'a [Message], known: &HashSet<String>, now: Timestamp) -> Sums<'a> {
        let events = messages.iter().flat_map(|message| &message.batch.events);
        let mut events: Vec<&Entry> = events
            .filter(|entry| known.is_empty() || !known.contains(&entry.row.id))
            .collect();
        events.sort_by(|a, b| a.row.id.cmp(&b.row.id));
        events.dedup_by(|a, b| a.row.id == b.row.id);
        let mut sums = Sums {
            number: ids::audit_batch(now),
            events,
            rollups: Rollups::default(),
            latencies: Latencies::default(),
            users: UserRollups::default(),
            calls: Calls::default(),
            amounts: BTreeMap::new(),
            leases: BTreeMap::new(),
        };
        let mut spent = Spent::default();
        for entry in &sums.events {
            sums.calls.add(&entry.row);
            // What was never served is in the audit, and no usage.
            if entry.is_refused() {
                continue;
            }
            sums.rollups.add(&entry.row);
            sums.latencies.add(&entry.row);
            sums.users.add(&entry.row);
            if entry.cost > Money::ZERO {
                spent.add(entry);
                for id in &entry.leases {
                    let spent = sums.leases.entry(*id).or_default();
                    *spent = spent.saturating_add(entry.cost);
                }
            }
        }
        sums.amounts = spent.amounts();
        sums
    }

    /// The events as they are stored.
    fn rows(&self) -> Vec<&'a EventRow> {
        self.events.iter().map(|entry| &entry.row).collect()
    }

    /// The ids, taken for new ones.
    pub fn new_ids(&self) -> Ids {
        Ids::new(&self.rows(), self.number)
    }
}

/// Books a batch and takes note of what a gateway says of its leases.
///
/// # Errors
/// Where the database refuses; then nothing was booked.
pub async fn book(
    tx: &mut Tx,
    terms: &Terms,
    message: Message,
    now: Timestamp,
) -> Result<(Booked, Message), StoreError> {
    let messages = [message];
    let sums = Sums::of(&messages, &HashSet::new(), now);
    let stored = Stored::new(tx, &messages, sums, Ids::Any, now).await?;
    let booked = stored.book(tx, terms, now).await?;
    let [message] = messages;
    Ok((booked.into_iter().next().unwrap_or_default(), message))
}

/// Messages whose events are stored, and nothing else of them: all of that follows in the same
/// transaction, and none of it is locked yet.
#[derive(Debug)]
pub struct Stored<'a> {
    messages: &'a [Message],
    sums: Sums<'a>,
    /// Those of their ids that are in the ledger already.
    known: HashSet<String>,
}

impl<'a> Stored<'a> {
    /// Stores the events of messages of several gateways, all of them or none.
    ///
    /// # Errors
    /// Where the database refuses; then nothing was stored. A duplicate where an id that was taken for
    /// a new one is in the ledger.
    pub async fn new(
        tx: &mut Tx,
        messages: &'a [Message],
        sums: Sums<'a>,
        ids: Ids,
        now: Timestamp,
    ) -> Result<Stored<'a>, StoreError> {
        let number = sums.number;
        let known = events::insert(tx, &sums.rows(), number, ids).await?;
        let sums = match known.is_empty() {
            true => sums,
            // Seldom: a gateway has not heard that its batch was booked, and sends it again.
            false => Sums {
                number,
                ..Sums::of(messages, &known, now)
            },
        };
        Ok(Stored {
            messages,
            sums,
            known,
        })
    }

    /// Books what follows from them. What each message came to.
    ///
    /// # Errors
    /// Where the database refuses; then nothing was booked.
    pub async fn book(
        self,
        tx: &mut Tx,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Vec<Booked>, StoreError> {
        let Stored {
            messages,
            sums,
            known,
        } = self;
        let number = sums.number;
        let mut new = new_events(messages, &known);
        for message in messages {
            events::reject(tx, &message.gateway, &message.batch.rejected, now).await?;
        }
        let booked_to = sums.amounts.keys().map(|(scope, ..)| scope.as_str());
        let accounts = credits::paying(tx, booked_to).await?;
        // What leases were cut from, what is reported of, and what accounts pay, is lent or paid in at the
        // same time; of anything else it makes no difference to lending when exactly it is booked.
        let mut scopes = leases::scopes(tx, &sums.leases).await?;
        scopes.extend(accounts.keys().cloned());
        let reports = || messages.iter().flat_map(|message| &message.reports);
        scopes.extend(reports().map(|report| report.scope.clone()));
        let scarce = caps::lock(tx, scopes).await?;
        let sealed = blocks::sealed_until(tx).await?;
        sums.rollups.store(tx, sealed).await?;
        sums.latencies.store(tx).await?;
        sums.users.store(tx, sealed).await?;
        let months = months_of_namespaces(&sums.amounts);
        let charged = credits::charge(tx, &accounts, &sums.events).await?;
        let refills = refill::refill_low(tx, &charged, now).await?;
        spend::add(tx, sums.amounts).await?;
        notices::after_booking(tx, &months, now).await?;
        let by_scope = leases::add_spent(tx, &sums.leases).await?;
        reservations::add_spent(tx, &by_scope).await?;

        let reported: BTreeSet<&str> = reports().map(|report| report.scope.as_str()).collect();
        let reported: Vec<Scope> = reported.into_iter().filter_map(Scope::parse).collect();
        let mut budgets = caps::load(tx, terms, &scarce, &reported, now).await?;
        let mut book = Reports::default();
        for (number, message) in messages.iter().enumerate() {
            for report in &message.reports {
                if let Some(budget) = budgets.get_mut(&report.scope) {
                    book.take(tx, terms, budget, (number, &message.gateway), report, now)
                        .await?;
                }
            }
        }
        leases::close(tx, &book.closed, now).await?;
        for ((expires_at, period_ends_at), ids) in &book.renewed {
            leases::renew(tx, ids, *expires_at, *period_ends_at).await?;
        }
        // Last, because whoever holds a chain holds up its organization's other batches and changes.
        audit::append(tx, sums.calls.into_segments(number, now)).await?;
        refill::record(tx, refills).await?;
        for budget in budgets.values_mut() {
            budget.count_leases(now);
        }
        for (number, scope, lease) in &book.told {
            if let (Some(budget), Some(answer)) = (budgets.get(scope), new.get_mut(*number)) {
                let hold_at_most = budget.is_short(now).then_some(Money::ZERO);
                answer.leases.push(budget.describe(lease, hold_at_most));
            }
        }
        Ok(new)
    }
}

/// Counts each message's events that were new: what two messages have is the first one's.
fn new_events(messages: &[Message], known: &HashSet<String>) -> Vec<Booked> {
    let mut seen: HashSet<&str> = HashSet::new();
    let count = |message: &Message| Booked {
        new_events: 0,
        leases: Vec::with_capacity(message.reports.len()),
    };
    let mut booked: Vec<Booked> = messages.iter().map(count).collect();
    for (message, booked) in messages.iter().zip(&mut booked) {
        for entry in &message.batch.events {
            let id = entry.row.id.as_str();
            // One message names each id once: nothing to remember.
            if (messages.len() == 1 || seen.insert(id)) && !known.contains(id) {
                booked.new_events = booked.new_events.saturating_add(1);
            }
        }
    }
    booked
}

/// The namespaces that something is booked to, and the first seconds of the months.
fn months_of_namespaces(amounts: &BTreeMap<spend::SpendKey, Money>) -> BTreeSet<(String, u64)> {
    let keys = amounts.keys().filter_map(|(scope, _, day)| {
        let namespace = scope.strip_prefix("namespace:")?;
        let month = start_of_month(Timestamp::from_secs(*day));
        Some((namespace.to_owned(), month.secs()))
    });
    keys.collect()
}

/// A user's namespace and name, and whether they share a scope with others.
type User<'a> = (&'a str, Option<&'a str>, bool);

/// What was spent, by whom and on which day: first in groups, because names of scopes are made of
/// each group and not of each event.
#[derive(Debug, Default)]
struct Spent<'a> {
    /// By key, namespace, organization and first second of the day.
    callers: HashMap<(&'a str, &'a str, &'a str, u64), Money>,
    users: HashMap<(User<'a>, u64), Money>,
}

impl<'a> Spent<'a> {
    fn add(&mut self, entry: &'a Entry) {
        let day = start_of(DAY, entry.started_at).secs();
        let row = &entry.row;
        let caller = (
            row.key_id.as_str(),
            row.namespace.as_str(),
            row.organization.as_str(),
            day,
        );
        let sum = self.callers.entry(caller).or_default();
        *sum = sum.saturating_add(entry.cost);
        if row.end_user.is_some() || entry.user_shared {
            let user = row.end_user.as_deref();
            let user = (row.namespace.as_str(), user, entry.user_shared);
            let sum = self.users.entry((user, day)).or_default();
            *sum = sum.saturating_add(entry.cost);
        }
    }

    fn amounts(self) -> BTreeMap<spend::SpendKey, Money> {
        let mut amounts = BTreeMap::new();
        for ((key, namespace, organization, day), cost) in self.callers {
            let scopes = [
                Scope::Key(key.to_owned()),
                Scope::Namespace(namespace.to_owned()),
                Scope::Organization(organization.to_owned()),
            ];
            for scope in scopes {
                add_amount(&mut amounts, scope.to_string(), day, cost);
            }
        }
        for (((namespace, user, is_shared), day), cost) in self.users {
            if let Some(user) = user {
                add_amount(&mut amounts, user_scope(namespace, user), day, cost);
            }
            if is_shared {
                add_amount(&mut amounts, shared_user_scope(namespace), day, cost);
            }
        }
        amounts
    }
}

fn add_amount(
    amounts: &mut BTreeMap<spend::SpendKey, Money>,
    scope: String,
    day: u64,
    cost: Money,
) {
    let key = (scope, name(CapPeriod::Daily), day);
    let amount = amounts.entry(key).or_default();
    *amount = amount.saturating_add(cost);
}

/// What follows from a gateway's reports.
#[derive(Default)]
struct Reports {
    closed: Vec<i64>,
    renewed: BTreeMap<(Timestamp, Timestamp), Vec<i64>>,
    /// The number of the message, the scope and the lease.
    told: Vec<(usize, String, OpenLease)>,
}

impl Reports {
    async fn take(
        &mut self,
        tx: &mut Tx,
        terms: &Terms,
        budget: &mut Budget,
        (message, gateway): (usize, &str),
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
        self.told.push((message, budget.scope.clone(), told));
        Ok(())
    }
}
