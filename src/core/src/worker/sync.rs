//! The exchange with the service, by the worker that leads.

use super::changes::ChangeFeed;
use super::election::Election;
use super::leases;
use super::outbox::{Outbox, UsageQueue};
use super::shares::{self, Reviews};
use crate::decimal::push_number;
use crate::epoch_sum::Epochs;
use crate::gateway_share::Report;
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use crate::wire::{LeaseReport, SyncAnswer};
use core::time::Duration;
use serde::Serialize;
use serde_json::value::RawValue;

/// The service's answer with the changes as they are written: they are read by each worker.
pub type Relayed = SyncAnswer<Option<Box<RawValue>>>;

/// Time between two syncs that went well.
const INTERVAL: Duration = Duration::from_secs(1);
/// The longest time between two attempts while the service is away.
const MAX_BACK_OFF: Duration = Duration::from_secs(8);

/// One worker's part in syncing.
#[derive(Debug)]
pub struct Sync {
    election: Election,
    gateway: String,
    epochs: Epochs,
    next_at: Timestamp,
    failures: u32,
    under_way: Option<UnderWay>,
    reviews: Reviews,
    /// The number of a batch of one event that the service refused. A sync without it shows whether
    /// it is at fault.
    suspect: Option<u64>,
}

#[derive(Debug)]
struct UnderWay {
    reported: Vec<LeaseReport>,
    shares: Vec<Report>,
    sent_at: Timestamp,
    /// Whether leases and usage were told too, or shares alone.
    is_whole: bool,
    batch: Option<u64>,
    more: bool,
}

/// Why a sync failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncFailure {
    /// The service cannot be reached, or cannot do it now.
    Unavailable,
    /// It refuses what was sent as too large or unreadable.
    Refused,
}

impl SyncFailure {
    /// By the HTTP status of the answer, if there was one.
    pub fn of(status: Option<u16>) -> SyncFailure {
        match status {
            Some(400 | 413 | 422) => SyncFailure::Refused,
            _ => SyncFailure::Unavailable,
        }
    }
}

/// [`crate::wire::SyncRequest`] without its events.
#[derive(Serialize)]
struct Outgoing<'a> {
    gateway: &'a str,
    revision: u64,
    leases: &'a [LeaseReport],
    #[serde(skip_serializing_if = "<[Report]>::is_empty")]
    shares: &'a [Report],
}

impl Outgoing<'_> {
    /// The whole request. The events are copied as they are: they are JSON already.
    fn with(&self, batch: Option<&Outbox>) -> Option<Vec<u8>> {
        let mut body = serde_json::to_vec(self).ok()?;
        if let Some(batch) = batch {
            body.truncate(body.len().saturating_sub(1));
            body.extend_from_slice(br#","batch":{"number":"#);
            push_number(&mut body, batch.number);
            body.extend_from_slice(br#","events":"#);
            body.extend_from_slice(&batch.events);
            body.extend_from_slice(b"}}");
        }
        Some(body)
    }
}

impl Sync {
    /// A worker that takes part. `me` is a random number of its VM.
    pub fn new(me: u64, gateway: String, epochs: Epochs) -> Self {
        Sync {
            election: Election::new(me),
            gateway,
            epochs,
            next_at: Timestamp::EPOCH,
            failures: 0,
            under_way: None,
            reviews: Reviews::default(),
            suspect: None,
        }
    }

    /// The body of a sync to send now, if this worker leads and one is due. Must be followed by
    /// [`Sync::answered`] or [`Sync::failed`].
    pub fn due<S: SharedStore, Q: UsageQueue>(
        &mut self,
        store: &mut S,
        queue: &mut Q,
        now: Timestamp,
    ) -> Option<Vec<u8>> {
        if !self.election.lead(store, now) || self.under_way.is_some() {
            return None;
        }
        // Between two syncs shares alone are spoken of.
        let is_due = now >= self.next_at;
        if !is_due && self.failures > 0 {
            return None;
        }
        self.reviews.step(store, self.epochs, now);
        if !is_due && !self.reviews.are_due(now) {
            return None;
        }
        let shares = self.reviews.take(now);
        // Before the events are taken: of all that is known to be spent by now there is an event.
        let reported = match is_due {
            true => leases::report(store, self.epochs, now),
            false => Vec::new(),
        };
        let outbox = match self.suspect {
            None if is_due => Outbox::next(store, queue),
            _ => None,
        };
        let outgoing = Outgoing {
            gateway: &self.gateway,
            revision: ChangeFeed::revision(store),
            leases: &reported,
            shares: &shares,
        };
        let body = outgoing.with(outbox.as_ref())?;
        self.under_way = Some(UnderWay {
            reported,
            shares,
            sent_at: now,
            is_whole: is_due,
            batch: outbox.as_ref().map(|outbox| outbox.number),
            more: outbox.is_some_and(|outbox| outbox.full),
        });
        Some(body)
    }

    /// The service has answered. An event (JSON) that it refuses, and that is sent no more, is
    /// answered.
    pub fn answered<S: SharedStore>(
        &mut self,
        store: &mut S,
        answer: &Relayed,
        now: Timestamp,
    ) -> Option<String> {
        let under_way = self.under_way.take()?;
        self.failures = 0;
        shares::told(store, &under_way.shares);
        self.deliver(store, answer, &under_way, now);
        if !under_way.is_whole {
            return None;
        }
        let suspect = self.suspect.take();
        let set_aside = suspect.and_then(|number| Outbox::set_aside(store, number));
        if let Some(number) = answer.acknowledged {
            Outbox::acknowledge(store, number);
        }
        let complete = !under_way.more && suspect.is_none();
        leases::renew(store, &under_way.reported, &answer.leases, complete, now);
        self.next_at = match under_way.more || suspect.is_some() {
            true => now,
            false => now.plus(INTERVAL),
        };
        set_aside
    }

    /// Takes over policy and shares.
    fn deliver<S: SharedStore>(
        &mut self,
        store: &mut S,
        answer: &Relayed,
        under_way: &UnderWay,
        now: Timestamp,
    ) {
        if let Some(answer) = &answer.shares {
            let asked = under_way.shares.iter();
            let changed = shares::accept(store, asked, answer, under_way.sent_at, now);
            self.reviews.confirm(store, &changed, self.epochs, now);
        }
        if let Some(changes) = &answer.changes {
            ChangeFeed::publish(store, changes.get().as_bytes());
        }
    }

    /// The service did not answer, or not as it should. How long until the next attempt.
    ///
    /// A batch that is refused is sent in halves, so that one event holds up no other. What of policy and
    /// shares was `delivered` all the same counts, and then the next attempt is as soon as after an answer:
    /// revocations must not wait for usage.
    pub fn failed<S: SharedStore>(
        &mut self,
        store: &mut S,
        why: SyncFailure,
        delivered: Option<&Relayed>,
        now: Timestamp,
    ) -> Duration {
        let under_way = self.under_way.take();
        let delivered = delivered.filter(|delivered| delivered.changes.is_some());
        if let (Some(delivered), Some(under_way)) = (delivered, &under_way) {
            self.deliver(store, delivered, under_way, now);
        }
        let batch = under_way.and_then(|under_way| under_way.batch);
        // What is refused without it is not its fault.
        self.suspect = None;
        if let (SyncFailure::Refused, Some(number)) = (why, batch) {
            if !Outbox::halve(store, number) {
                self.suspect = Some(number);
            }
            self.next_at = now;
            return Duration::ZERO;
        }
        if delivered.is_some() {
            self.failures = 0;
            self.next_at = now.plus(INTERVAL);
            return INTERVAL;
        }
        let back_off = INTERVAL
            .saturating_mul(1 << self.failures.min(3))
            .min(MAX_BACK_OFF);
        self.failures = self.failures.saturating_add(1);
        self.next_at = now.plus(back_off);
        back_off
    }
}
