//! Booking: the events and reports of gateways become the ledger's, all of a batch or none.

use crate::ids;
use crate::model::audit::Segment;
use crate::model::credits::account::Account;
use crate::model::scope::Scope;
use crate::model::tag_set::TagSet;
use crate::rules::audit::Calls;
use crate::rules::batch::{ReadBatch, ReadEvent};
use crate::rules::caps::{self, LendingTerms};
use crate::rules::credits;
use crate::rules::credits::refill::{self, Refill};
use crate::rules::further_sums::{self, FurtherSums};
use crate::rules::lease_reports::LeaseReports;
use crate::rules::notices;
use crate::rules::spending::{Spent, days_of_namespaces};
use crate::rules::tags;
use crate::rules::user_rollups::UserRollups;
use crate::store::events::{self, EventRow, Ids};
use crate::store::latencies::Latencies;
use crate::store::leases;
use crate::store::rollups::Rollups;
use crate::store::stored_objects::Maker;
use crate::store::tag_rollups::TagRollups;
use crate::store::tags as store_tags;
use crate::store::{
    StoreError, Tx, audit, day_blocks, reservations, spend, stored_objects, usage_feed,
};
use paddock_core::money::Money;
use paddock_core::stored::StoredId;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{Lease, LeaseReport};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What booking a message came to.
#[derive(Clone, Debug, Default)]
pub struct Booking {
    /// Events that were new.
    pub new_events: usize,
    /// The ids of events that the database refuses, with the reason.
    pub refused: Vec<(String, String)>,
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
    /// The further sums of its events, once they were looked up.
    pub further: Arc<FurtherSums>,
}

/// What the events of some messages come to: sums and hashes, computed before the transaction, in
/// which everybody else waits.
#[derive(Debug)]
pub struct BatchSums<'a> {
    /// The number the events get.
    number: i64,
    /// In the order of their ids, each id once.
    events: Vec<&'a ReadEvent>,
    further: Arc<FurtherSums>,
    rollups: Rollups<'a>,
    latencies: Latencies<'a>,
    users: UserRollups<'a>,
    tagged: TagRollups<'a>,
    /// The sets of tags that the events had.
    tag_sets: BTreeMap<&'a str, &'a TagSet>,
    calls: Calls,
    amounts: BTreeMap<spend::SpendKey, Money>,
    leases: BTreeMap<i64, Money>,
    /// What was stored, by whom.
    made: BTreeMap<StoredId, Maker>,
}

impl<'a> BatchSums<'a> {
    /// Of the messages' events that are not among `known`. They must have been [looked up](look_up).
    pub fn of(messages: &'a [Message], known: &HashSet<String>, now: Timestamp) -> BatchSums<'a> {
        let events = messages.iter().flat_map(|message| &message.batch.events);
        let mut events: Vec<&ReadEvent> = events
            .filter(|event| !known.contains(&event.row.id))
            .collect();
        // Each message's are in order already.
        if messages.len() > 1 {
            events.sort_by(|a, b| a.row.id.cmp(&b.row.id));
            events.dedup_by(|a, b| a.row.id == b.row.id);
        }
        let further = messages.first().map(|first| first.further.clone());
        let further = further.unwrap_or_default();
        let mut sums = BatchSums::of_events(events, further, ids::audit_batch(now));
        for made in messages.iter().flat_map(|message| &message.batch.made) {
            for id in &made.stored {
                add_maker(&mut sums.made, *id, &made.made_by, made.made_at);
            }
        }
        sums
    }

    /// The same without those that are in the ledger already, under the same number.
    fn without(self, known: &HashSet<String>) -> BatchSums<'a> {
        let mut events = self.events;
        events.retain(|event| !known.contains(&event.row.id));
        // What was made is added again with what follows from the events: that changes nothing.
        BatchSums {
            made: self.made,
            ..BatchSums::of_events(events, self.further, self.number)
        }
    }

    fn of_events(
        events: Vec<&'a ReadEvent>,
        further: Arc<FurtherSums>,
        number: i64,
    ) -> BatchSums<'a> {
        let mut sums = BatchSums {
            number,
            events,
            further,
            rollups: Rollups::default(),
            latencies: Latencies::default(),
            users: UserRollups::default(),
            tagged: TagRollups::default(),
            tag_sets: BTreeMap::new(),
            calls: Calls::default(),
            amounts: BTreeMap::new(),
            leases: BTreeMap::new(),
            made: BTreeMap::new(),
        };
        let mut spent = Spent::default();
        let mut amounts = BTreeMap::new();
        for event in &sums.events {
            sums.calls.add(&event.row);
            // Refused calls are in the audit, and are no usage.
            if event.row.is_refused() {
                continue;
            }
            sums.rollups.add(&event.row);
            if !event.row.is_correction() {
                sums.latencies.add(&event.row);
            }
            sums.users.add(&event.row);
            if let Some(tags) = &event.tags {
                sums.tagged.add(&event.row, &tags.id);
                sums.tag_sets.insert(&tags.id, tags);
            }
            for id in &event.stored {
                add_maker(&mut sums.made, *id, &event.row.namespace, event.started_at);
            }
            if event.cost != Money::ZERO {
                spent.add(event);
                sums.further.add(event, &mut amounts);
                for id in &event.leases {
                    let spent = sums.leases.entry(*id).or_default();
                    *spent = spent.saturating_add(event.cost);
                }
            }
        }
        spent.add_amounts(&mut amounts);
        sums.amounts = amounts;
        sums
    }

    /// The events as they are stored.
    fn rows(&self) -> Vec<&'a EventRow> {
        self.events.iter().map(|event| &event.row).collect()
    }

    /// The ids, taken for new ones.
    pub fn new_ids(&self) -> Ids {
        Ids::new(&self.rows(), self.number)
    }
}

/// Looks up what is needed of the events' callers before they are summed up: their tags, and whose spending
/// is summed up by more than UTC days.
pub async fn look_up(tx: &mut Tx, messages: &mut [Message]) -> Result<(), StoreError> {
    tags::attach(tx, messages).await?;
    further_sums::attach(tx, messages).await
}

/// Books a batch and a gateway's reports on its leases. If it fails nothing is to be committed.
pub async fn book(
    tx: &mut Tx,
    terms: &LendingTerms,
    message: Message,
    now: Timestamp,
) -> Result<(Booking, Message), StoreError> {
    let mut messages = [message];
    look_up(tx, &mut messages).await?;
    let sums = BatchSums::of(&messages, &HashSet::new(), now);
    let stored = Stored::new(tx, &messages, sums, Ids::Any, now).await?;
    let booked = stored.book(tx, terms, now).await?;
    let [message] = messages;
    Ok((booked.into_iter().next().unwrap_or_default(), message))
}

// Booking has an order, because locks and later statements depend on earlier ones. Each step is a
// type that only the step before it makes: Stored, Locked, Summed, Reported.

/// First step: the events are stored, and nothing is locked yet.
#[derive(Debug)]
pub struct Stored<'a> {
    messages: &'a [Message],
    sums: BatchSums<'a>,
    /// Those of their ids that were in the ledger already.
    known: HashSet<String>,
}

impl<'a> Stored<'a> {
    /// Stores the events of messages of several gateways, all of them or none, and the texts that
    /// could not be read.
    ///
    /// # Errors
    /// A duplicate if an id that was taken for a new one is in the ledger.
    pub async fn new(
        tx: &mut Tx,
        messages: &'a [Message],
        sums: BatchSums<'a>,
        ids: Ids,
        now: Timestamp,
    ) -> Result<Stored<'a>, StoreError> {
        let known = events::insert(tx, &sums.rows(), sums.number, ids).await?;
        let rejected: Vec<(&str, &str, &str)> = messages
            .iter()
            .flat_map(|message| {
                let texts = message.batch.rejected.iter();
                texts.map(|(error, text)| (message.gateway.as_str(), error.as_str(), text.as_str()))
            })
            .collect();
        events::reject(tx, &rejected, now).await?;
        stored_objects::add(tx, &sums.made, now).await?;
        let sums = match known.is_empty() {
            true => sums,
            // Seldom: a gateway has not heard that its batch was booked, and sends it again.
            false => sums.without(&known),
        };
        Ok(Stored {
            messages,
            sums,
            known,
        })
    }

    /// Books what follows from them: what each message came to.
    pub async fn book(
        self,
        tx: &mut Tx,
        terms: &LendingTerms,
        now: Timestamp,
    ) -> Result<Vec<Booking>, StoreError> {
        usage_feed::announce(tx, now).await?;
        let locked = self.lock(tx).await?;
        let summed = locked.add_sums(tx, now).await?;
        let reported = summed.take_reports(tx, terms, now).await?;
        reported.chain(tx).await
    }

    /// Locks the scopes of leases, of reports and of accounts: of these, lending and payments must see
    /// all or nothing. When exactly anything else is booked makes no difference to lending.
    async fn lock(self, tx: &mut Tx) -> Result<Locked<'a>, StoreError> {
        let booked_to = self.sums.amounts.keys().map(|(scope, ..)| scope.as_str());
        let accounts = credits::paying(tx, booked_to).await?;
        let mut scopes = leases::scopes(tx, &self.sums.leases).await?;
        scopes.extend(accounts.keys().cloned());
        scopes.extend(reports(self.messages).map(|report| report.scope.clone()));
        Ok(Locked {
            stored: self,
            accounts,
            scarce: caps::lock(tx, scopes).await?,
        })
    }
}

/// Notes who made an object. If another namespace has too, it is nobody's.
fn add_maker(
    made: &mut BTreeMap<StoredId, Maker>,
    id: StoredId,
    namespace: &str,
    made_at: Timestamp,
) {
    let maker = made.entry(id).or_insert_with(|| Maker {
        namespace: namespace.to_owned(),
        made_at,
    });
    if maker.namespace != namespace {
        maker.namespace.clear();
    }
}

fn reports(messages: &[Message]) -> impl Iterator<Item = &LeaseReport> {
    messages.iter().flat_map(|message| &message.reports)
}

/// Second step: what lending and payments look at is locked.
struct Locked<'a> {
    stored: Stored<'a>,
    accounts: HashMap<String, Vec<Account>>,
    /// Until when each locked scope is scarce.
    scarce: HashMap<String, Timestamp>,
}

impl<'a> Locked<'a> {
    /// Adds the sums to those in the database, and pays and tells what follows from them.
    async fn add_sums(self, tx: &mut Tx, now: Timestamp) -> Result<Summed<'a>, StoreError> {
        let Stored {
            messages,
            sums,
            known,
        } = self.stored;
        // Only after the events are stored: who seals days waits for them.
        let sealed = day_blocks::sealed_until(tx).await?;
        sums.rollups.store(tx, sealed).await?;
        sums.latencies.store(tx).await?;
        sums.users.store(tx, sealed).await?;
        store_tags::insert_sets(tx, &sums.tag_sets).await?;
        sums.tagged.store(tx, sealed).await?;
        let charged = credits::charge(tx, &self.accounts, &sums.events).await?;
        let refills = refill::refill_low(tx, &charged, now).await?;
        let days = days_of_namespaces(&sums.amounts);
        spend::add(tx, sums.amounts).await?;
        notices::after_booking(tx, &days, now).await?;
        let by_scope = leases::add_spent(tx, &sums.leases).await?;
        reservations::add_spent(tx, &by_scope).await?;
        Ok(Summed {
            messages,
            booked: new_events(messages, &known),
            segments: sums.calls.into_segments(sums.number, now),
            refills,
            scarce: self.scarce,
        })
    }
}

/// Third step: everything is booked but the reports of leases, which are judged by it.
struct Summed<'a> {
    messages: &'a [Message],
    booked: Vec<Booking>,
    segments: Vec<Segment>,
    refills: Vec<Refill>,
    scarce: HashMap<String, Timestamp>,
}

impl Summed<'_> {
    async fn take_reports(
        mut self,
        tx: &mut Tx,
        terms: &LendingTerms,
        now: Timestamp,
    ) -> Result<Reported, StoreError> {
        let scopes = reports(self.messages).map(|report| report.scope.as_str());
        let scopes: BTreeSet<&str> = scopes.collect();
        let scopes: Vec<Scope> = scopes.into_iter().filter_map(Scope::parse).collect();
        let mut budgets = caps::load(tx, terms, &self.scarce, &scopes, now).await?;
        let mut taken = LeaseReports::of(&budgets);
        for (number, message) in self.messages.iter().enumerate() {
            for report in &message.reports {
                if let Some(budget) = budgets.get_mut(&report.scope) {
                    let from = (number, message.gateway.as_str());
                    taken.take(terms, budget, from, report, now);
                }
            }
        }
        for budget in budgets.values_mut() {
            budget
                .leases
                .retain(|lease| !taken.closed.contains(&lease.id));
        }
        leases::set_returned(tx, &taken.returned).await?;
        let closed: Vec<i64> = taken.closed.iter().copied().collect();
        leases::close(tx, &closed, now).await?;
        for ((expires_at, period_ends_at), ids) in &taken.renewed {
            leases::renew(tx, ids, *expires_at, *period_ends_at).await?;
        }
        for budget in budgets.values_mut() {
            budget.count_leases(now);
        }
        for (number, scope, lease) in &taken.told {
            if let (Some(budget), Some(booking)) =
                (budgets.get(scope), self.booked.get_mut(*number))
            {
                let hold_at_most = budget.is_short(now).then_some(Money::ZERO);
                booking
                    .leases
                    .push(budget.describe(lease, hold_at_most, now));
            }
        }
        Ok(Reported {
            booked: self.booked,
            segments: self.segments,
            refills: self.refills,
        })
    }
}

/// Fourth step: only the audit is left. It is last, because a transaction that holds a chain holds up
/// its organization's other batches and changes.
struct Reported {
    booked: Vec<Booking>,
    segments: Vec<Segment>,
    refills: Vec<Refill>,
}

impl Reported {
    async fn chain(self, tx: &mut Tx) -> Result<Vec<Booking>, StoreError> {
        audit::append(tx, self.segments).await?;
        refill::record(tx, self.refills).await?;
        Ok(self.booked)
    }
}

/// Counts each message's events that were new: what two messages have is the first one's.
fn new_events(messages: &[Message], known: &HashSet<String>) -> Vec<Booking> {
    let mut seen: HashSet<&str> = HashSet::new();
    let booking = |message: &Message| Booking {
        new_events: 0,
        refused: Vec::new(),
        leases: Vec::with_capacity(message.reports.len()),
    };
    let mut booked: Vec<Booking> = messages.iter().map(booking).collect();
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
