//! Several gateways that borrow of one cap, of a period or a prepaid balance, over a network that loses,
//! repeats and reorders.

use super::lender::{Event, GRACE, Lender, NAMESPACE, NEVER};
use crate::admission::{
    Ask, Budgeting, Denied, Grants, Hold, RateTier, Scope, ScopeRecord, Terms, WhenShort,
    assign_record, place_hold, record_of,
};
use crate::epoch_sum::Epochs;
use crate::money::Money;
use crate::policy::Limits;
use crate::store::SharedStore;
use crate::store::fake::FakeStore;
use crate::timestamp::Timestamp;
use crate::wire::{Lease, LeaseReport, LendAnswer, Need};
use crate::worker::leases::{apply_lend, renew, report};
use std::rc::Rc;

/// Seconds of a budget period: short, so that many end in a run.
pub(super) const PERIOD: u64 = 20;
/// Seconds a request lives at most.
const LONGEST_REQUEST: u64 = 8;
const TERMS: Terms = Terms {
    epochs: Epochs(LONGEST_REQUEST),
    budgeting: Budgeting::Leased,
    sharing: None,
};
/// Seconds after which a call is given up, and its answer not taken any more.
const TIMEOUT: u64 = 3;
/// Seconds after which the network no longer carries a call: long after it was given up, and before
/// a lease that its events were made under is nobody's.
const CARRIED: u64 = GRACE / 2;
/// Seconds after which a living gateway gets through at last: well before its leases are nobody's.
const GETS_THROUGH: u64 = GRACE / 2;
/// Workers of each gateway.
const WORKERS: usize = 2;
/// Reservations a gateway has room for.
const ROOM: usize = 3;

pub(super) struct Gateway {
    pub(super) store: FakeStore,
    /// What its workers decide in their own memory.
    pub(super) workers: [Grants; WORKERS],
    /// Each with when it was admitted, and by which worker.
    pub(super) held: Vec<(Hold, u64, usize)>,
    pub(super) waiting: Vec<(i64, Option<usize>)>,
    pub(super) unsent: Vec<Event>,
    /// Costs of its requests by the second they were admitted in.
    pub(super) costs: Vec<(u64, i64)>,
    pub(super) synced_at: u64,
    pub(super) syncs: u64,
    pub(super) dead: bool,
}

impl Default for Gateway {
    fn default() -> Self {
        Gateway {
            store: FakeStore::default(),
            workers: core::array::from_fn(|_| Grants::eager()),
            held: Vec::new(),
            waiting: Vec::new(),
            unsent: Vec::new(),
            costs: Vec::new(),
            synced_at: 0,
            syncs: 0,
            dead: false,
        }
    }
}

impl Gateway {
    /// Every worker has its tick.
    fn tick(&mut self, now: Timestamp) {
        for grants in &mut self.workers {
            grants.tick(&mut self.store, TERMS, now);
        }
    }

    /// A worker's memory is gone, and its requests with it.
    pub(super) fn trap(&mut self, worker: usize) {
        let worker = worker % WORKERS;
        self.workers[worker] = Grants::eager();
        self.held.retain(|(_, _, of)| *of != worker);
    }
}

#[derive(Clone, Debug)]
pub(super) enum Message {
    Lend {
        needs: Vec<Need>,
    },
    Lent {
        needs: Vec<Need>,
        answer: LendAnswer,
    },
    Sync {
        number: u64,
        reports: Vec<LeaseReport>,
        events: Vec<Event>,
    },
    Synced {
        number: u64,
        reports: Vec<LeaseReport>,
        leases: Vec<Lease>,
        events: Vec<Event>,
    },
}

pub(super) struct World {
    pub(super) now: u64,
    pub(super) period: u64,
    scope: Rc<Scope>,
    pub(super) lender: Lender,
    pub(super) gateways: Vec<Gateway>,
    pub(super) network: Vec<(usize, u64, Message)>,
    next_event: u64,
    pub(super) refused: u32,
}

impl World {
    pub(super) fn new(quota: i64, period: u64, gateways: usize) -> World {
        let limits = Limits {
            daily_quota: (period != NEVER).then_some(Money::from_nanos(quota)),
            ..Limits::default()
        };
        let scope = Scope::new(NAMESPACE.to_owned(), limits).prepaid(period == NEVER);
        World {
            now: PERIOD * 1_000_000,
            period,
            scope: Rc::new(scope),
            lender: Lender::new(quota, period),
            gateways: (0..gateways).map(|_| Gateway::default()).collect(),
            network: Vec::new(),
            next_event: 0,
            refused: 0,
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_secs(self.now)
    }

    pub(super) fn request(&mut self, me: usize, amount: i64) {
        self.request_of(me, amount, None);
    }

    /// A request that some reservation pays for, or else the namespace.
    pub(super) fn request_of(&mut self, me: usize, amount: i64, reservation: Option<usize>) {
        let ask = Ask {
            tokens: 0,
            money: Money::from_nanos(amount),
            short: WhenShort::Borrow,
            unshared: WhenShort::Borrow,
            unshared_upstream: WhenShort::Borrow,
            tier: RateTier::Regular,
            is_turn: false,
        };
        let now = self.at();
        let store = &mut self.gateways[me].store;
        let named = reservation.and_then(|which| self.lender.reserved.get(which));
        let named = named.filter(|named| named.policy.expires_at > now);
        let paying =
            named.and_then(|named| assign_record(store, &named.policy, ROOM, TERMS.epochs, now));
        let is_reserved = paying.is_some();
        let scopes = [paying.map_or_else(|| Rc::clone(&self.scope), Rc::new)];
        let gateway = &mut self.gateways[me];
        let worker = usize::try_from(amount).unwrap() % WORKERS;
        let grants = &mut gateway.workers[worker];
        match place_hold(grants, &mut gateway.store, &scopes, &ask, TERMS, now) {
            Ok(hold) => gateway.held.push((hold, self.now, worker)),
            Err(Denied::Lend(needs)) => {
                gateway.waiting.push((amount, reservation));
                self.network.push((me, self.now, Message::Lend { needs }));
            }
            Err(Denied::Budget { .. }) if is_reserved => self.request(me, amount),
            Err(Denied::Budget { .. }) => self.refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// A request with all its calls undisturbed.
    pub(super) fn request_undisturbed(&mut self, me: usize, amount: i64, of: Option<usize>) {
        self.request_of(me, amount, of);
        for _ in 0..4 {
            for (me, _, message) in core::mem::take(&mut self.network) {
                self.round_trip(me, message);
            }
        }
    }

    pub(super) fn settle(&mut self, me: usize, which: usize, percent: i64) {
        let now = self.at();
        let gateway = &mut self.gateways[me];
        let (hold, started_at, worker) = gateway.held.remove(which);
        let grants = &mut gateway.workers[worker];
        let cost = hold.money().nanos() * percent / 100;
        let settled = hold.settle(grants, &mut gateway.store, 0, Money::from_nanos(cost), now);
        gateway.costs.push((started_at, cost));
        self.next_event += 1;
        gateway.unsent.push(Event {
            id: self.next_event,
            cost,
            started_at,
            lease: settled.leases.first().copied(),
        });
    }

    pub(super) fn sync(&mut self, me: usize) -> Message {
        let now = self.at();
        let gateway = &mut self.gateways[me];
        gateway.tick(now);
        gateway.syncs += 1;
        let number = gateway.syncs;
        let reports = report(&mut gateway.store, TERMS.epochs, now);
        let events = gateway.unsent.clone();
        Message::Sync {
            number,
            reports,
            events,
        }
    }

    pub(super) fn arrive(&mut self, me: usize, sent: u64, message: Message) {
        let now = self.at();
        let timely = self.now - sent <= TIMEOUT && !self.gateways[me].dead;
        match message {
            Message::Lend { .. } | Message::Sync { .. } if self.now - sent > CARRIED => {}
            Message::Lend { needs } => {
                let lend = |need| self.lender.lend(me, need, self.now);
                let leases = needs.iter().filter_map(lend).collect();
                let answer = LendAnswer {
                    leases,
                    shares: None,
                };
                self.network
                    .push((me, sent, Message::Lent { needs, answer }));
            }
            Message::Lent { needs, answer } if timely => {
                apply_lend(&mut self.gateways[me].store, &needs, &answer, now, now);
                for (amount, of) in core::mem::take(&mut self.gateways[me].waiting) {
                    self.request_of(me, amount, of);
                }
            }
            Message::Sync {
                number,
                reports,
                events,
            } => {
                let leases = self.lender.sync(me, &reports, &events, self.now);
                let synced = Message::Synced {
                    number,
                    reports,
                    leases,
                    events,
                };
                self.network.push((me, sent, synced));
            }
            Message::Synced {
                number,
                reports,
                leases,
                events,
            } if timely => {
                let gateway = &mut self.gateways[me];
                // A worker has one sync under way, so the answer to another is not taken for its own.
                let is_last = number == gateway.syncs;
                renew(&mut gateway.store, &reports, &leases, is_last, now);
                gateway
                    .unsent
                    .retain(|unsent| events.iter().all(|sent| sent.id != unsent.id));
                gateway.synced_at = self.now;
            }
            Message::Lent { .. } | Message::Synced { .. } => {}
        }
    }

    /// A call and its answer, undisturbed.
    pub(super) fn round_trip(&mut self, me: usize, message: Message) {
        let others = core::mem::take(&mut self.network);
        self.arrive(me, self.now, message);
        for (me, sent, answer) in core::mem::replace(&mut self.network, others) {
            self.arrive(me, sent, answer);
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += 1;
            for me in 0..self.gateways.len() {
                let now = self.now;
                let too_old = |(_, at, _): &(Hold, u64, usize)| now - at >= LONGEST_REQUEST;
                while let Some(which) = self.gateways[me].held.iter().position(too_old) {
                    self.settle(me, which, 100);
                }
                self.gateways[me].tick(Timestamp::from_secs(now));
                if !self.gateways[me].dead && self.now - self.gateways[me].synced_at > GETS_THROUGH
                {
                    let message = self.sync(me);
                    self.round_trip(me, message);
                }
            }
        }
    }

    /// What gateways have spent or may still spend in this period, whether reported or not.
    pub(super) fn committed(&self) -> i64 {
        let same = |at: u64| at / self.period == self.now / self.period;
        let of = |gateway: &Gateway| -> i64 {
            let spent = gateway
                .costs
                .iter()
                .filter(|(at, _)| same(*at))
                .map(|(_, cost)| cost);
            let held = gateway.held.iter().filter(|(_, at, _)| same(*at));
            spent.sum::<i64>() + held.map(|(held, ..)| held.money().nanos()).sum::<i64>()
        };
        self.gateways.iter().map(of).sum()
    }

    pub(super) fn slice_left(&self, me: usize) -> i64 {
        self.left_of(me, NAMESPACE)
    }

    /// What a gateway may still reserve from a scope.
    pub(super) fn left_of(&self, me: usize, scope: &str) -> i64 {
        let store = &self.gateways[me].store;
        let slot = record_of(store, scope);
        let value = slot.and_then(|slot| store.get(&slot.key));
        let record = value.map(|(bytes, _)| ScopeRecord::decode(&bytes));
        record.unwrap_or_default().slice.left().nanos()
    }
}
