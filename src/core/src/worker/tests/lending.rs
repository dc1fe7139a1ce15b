//! Several gateways borrow of one cap, of a period or a prepaid balance, over a network that loses, repeats and reorders.

use super::lender::{Event, GRACE, Lender, NAMESPACE, NEVER};
use crate::admission::{
    Ask, Budgeting, Denied, Lane, Reservation, Scope, ScopeRecord, Terms, WhenShort, admit,
    seat_of, take_seat,
};
use crate::budget::Epochs;
use crate::money::Money;
use crate::policy::Limits;
use crate::store::SharedStore;
use crate::store::fake::FakeStore;
use crate::timestamp::Timestamp;
use crate::wire::{Lease, LeaseReport, LendAnswer, Need};
use crate::worker::leases::{apply_lend, renew, report};
use proptest::prelude::*;
use std::rc::Rc;

/// Seconds of a budget period: short, so that many end in a run.
const PERIOD: u64 = 20;
/// Seconds a request lives at most.
const LONGEST_REQUEST: u64 = 8;
const TERMS: Terms = Terms {
    epochs: Epochs(LONGEST_REQUEST),
    budgeting: Budgeting::Leased,
};
/// Seconds after which a call is given up, and its answer not taken any more.
const TIMEOUT: u64 = 3;
/// Seconds after which the network no longer carries a call: long after it was given up, and before
/// a lease that its events were made under is nobody's.
const CARRIED: u64 = GRACE / 2;
/// Seconds after which a living gateway gets through at last: well before its leases are nobody's.
const GETS_THROUGH: u64 = GRACE / 2;
/// Reservations a gateway has room for.
const SEATS: usize = 3;

#[derive(Default)]
struct Gateway {
    store: FakeStore,
    held: Vec<(Reservation, u64)>,
    waiting: Vec<(i64, Option<usize>)>,
    unsent: Vec<Event>,
    /// Costs of its requests by the second they were admitted in.
    costs: Vec<(u64, i64)>,
    synced_at: u64,
    dead: bool,
}

#[derive(Clone, Debug)]
enum Message {
    Lend {
        needs: Vec<Need>,
    },
    Lent {
        needs: Vec<Need>,
        answer: LendAnswer,
    },
    Sync {
        reports: Vec<LeaseReport>,
        events: Vec<Event>,
    },
    Synced {
        reports: Vec<LeaseReport>,
        leases: Vec<Lease>,
        events: Vec<Event>,
    },
}

#[derive(Clone, Debug)]
enum Operation {
    Request(usize, i64),
    /// The same of some reservation.
    RequestReserved(usize, i64, usize),
    Reserve(i64, u64),
    Release(usize),
    /// Money comes in, where the cap is a balance.
    Credit(i64),
    Settle(usize, usize, i64),
    Sync(usize),
    Deliver(usize),
    Repeat(usize),
    Lose(usize),
    Wait(u64),
    Die(usize),
}

struct World {
    now: u64,
    period: u64,
    scope: Rc<Scope>,
    lender: Lender,
    gateways: Vec<Gateway>,
    network: Vec<(usize, u64, Message)>,
    next_event: u64,
    refused: u32,
}

impl World {
    fn new(quota: i64, period: u64, gateways: usize) -> World {
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

    fn request(&mut self, me: usize, amount: i64) {
        self.request_of(me, amount, None);
    }

    /// A request that some reservation pays for, or else the namespace.
    fn request_of(&mut self, me: usize, amount: i64, reservation: Option<usize>) {
        let ask = Ask {
            tokens: 0,
            money: Money::from_nanos(amount),
            short: WhenShort::Borrow,
            lane: Lane::Regular,
        };
        let now = self.at();
        let store = &mut self.gateways[me].store;
        let named = reservation.and_then(|which| self.lender.reserved.get(which));
        let named = named.filter(|named| named.policy.expires_at > now);
        let seat =
            named.and_then(|named| take_seat(store, &named.policy, SEATS, TERMS.epochs, now));
        let is_reserved = seat.is_some();
        let scopes = [seat.map_or_else(|| Rc::clone(&self.scope), Rc::new)];
        let gateway = &mut self.gateways[me];
        match admit(&mut gateway.store, &scopes, &ask, TERMS, now) {
            Ok(reservation) => gateway.held.push((reservation, self.now)),
            Err(Denied::Lend(needs)) => {
                gateway.waiting.push((amount, reservation));
                self.network.push((me, self.now, Message::Lend { needs }));
            }
            Err(Denied::Budget { .. }) if is_reserved => self.request(me, amount),
            Err(Denied::Budget { .. }) => self.refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }

    fn settle(&mut self, me: usize, which: usize, percent: i64) {
        let now = self.at();
        let gateway = &mut self.gateways[me];
        let (reservation, started_at) = gateway.held.remove(which);
        let cost = reservation.money().nanos() * percent / 100;
        let settled = reservation.settle(&mut gateway.store, 0, Money::from_nanos(cost), now);
        gateway.costs.push((started_at, cost));
        self.next_event += 1;
        gateway.unsent.push(Event {
            id: self.next_event,
            cost,
            started_at,
            lease: settled.leases.first().copied(),
        });
    }

    fn sync(&mut self, me: usize) -> Message {
        let now = self.at();
        let gateway = &mut self.gateways[me];
        let reports = report(&mut gateway.store, TERMS.epochs, now);
        let events = gateway.unsent.clone();
        Message::Sync { reports, events }
    }

    fn arrive(&mut self, me: usize, sent: u64, message: Message) {
        let now = self.at();
        let timely = self.now - sent <= TIMEOUT && !self.gateways[me].dead;
        match message {
            Message::Lend { .. } | Message::Sync { .. } if self.now - sent > CARRIED => {}
            Message::Lend { needs } => {
                let lend = |need| self.lender.lend(me, need, self.now);
                let leases = needs.iter().filter_map(lend).collect();
                let answer = LendAnswer { leases };
                self.network
                    .push((me, sent, Message::Lent { needs, answer }));
            }
            Message::Lent { needs, answer } if timely => {
                apply_lend(&mut self.gateways[me].store, &needs, &answer, now);
                for (amount, of) in core::mem::take(&mut self.gateways[me].waiting) {
                    self.request_of(me, amount, of);
                }
            }
            Message::Sync { reports, events } => {
                let leases = self.lender.sync(me, &reports, &events, self.now);
                let synced = Message::Synced {
                    reports,
                    leases,
                    events,
                };
                self.network.push((me, sent, synced));
            }
            Message::Synced {
                reports,
                leases,
                events,
            } if timely => {
                let gateway = &mut self.gateways[me];
                renew(&mut gateway.store, &reports, &leases);
                gateway
                    .unsent
                    .retain(|unsent| events.iter().all(|sent| sent.id != unsent.id));
                gateway.synced_at = self.now;
            }
            Message::Lent { .. } | Message::Synced { .. } => {}
        }
    }

    /// A call and its answer, undisturbed.
    fn round_trip(&mut self, me: usize, message: Message) {
        let others = core::mem::take(&mut self.network);
        self.arrive(me, self.now, message);
        for (me, sent, answer) in core::mem::replace(&mut self.network, others) {
            self.arrive(me, sent, answer);
        }
    }

    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += 1;
            for me in 0..self.gateways.len() {
                let now = self.now;
                let too_old = |(_, at): &(Reservation, u64)| now - at >= LONGEST_REQUEST;
                while let Some(which) = self.gateways[me].held.iter().position(too_old) {
                    self.settle(me, which, 100);
                }
                if !self.gateways[me].dead && self.now - self.gateways[me].synced_at > GETS_THROUGH
                {
                    let message = self.sync(me);
                    self.round_trip(me, message);
                }
            }
        }
    }

    fn run(&mut self, operation: &Operation) {
        let alive = |world: &World, me: usize| {
            let me = me % world.gateways.len();
            (!world.gateways[me].dead).then_some(me)
        };
        match *operation {
            Operation::Request(me, amount) => {
                alive(self, me)
                    .into_iter()
                    .for_each(|me| self.request(me, amount));
            }
            Operation::RequestReserved(me, amount, which) => {
                let newest = self.lender.reserved.len().checked_sub(1 + which % 4);
                alive(self, me)
                    .into_iter()
                    .for_each(|me| self.request_of(me, amount, newest));
            }
            Operation::Reserve(amount, ttl) => self.lender.reserve(amount, ttl, self.now),
            Operation::Release(which) => self.lender.release(which),
            Operation::Credit(amount) if self.period == NEVER => self.lender.credit(amount),
            Operation::Credit(_) => {}
            Operation::Settle(me, which, percent) => {
                if let Some(me) = alive(self, me)
                    && !self.gateways[me].held.is_empty()
                {
                    self.settle(me, which % self.gateways[me].held.len(), percent);
                }
            }
            Operation::Sync(me) => {
                if let Some(me) = alive(self, me) {
                    let message = self.sync(me);
                    self.network.push((me, self.now, message));
                }
            }
            Operation::Wait(seconds) => self.wait(seconds),
            Operation::Die(me) => {
                // What it had not sent is lost with it, as when its machine is gone.
                if let Some(me) = alive(self, me) {
                    let synced_at = self.now;
                    self.gateways[me] = Gateway {
                        synced_at,
                        dead: true,
                        ..Gateway::default()
                    };
                }
            }
            _ if self.network.is_empty() => {}
            Operation::Deliver(which) => {
                let (me, sent, message) = self.network.remove(which % self.network.len());
                self.arrive(me, sent, message);
            }
            Operation::Repeat(which) => {
                let (me, sent, message) = self.network[which % self.network.len()].clone();
                self.arrive(me, sent, message);
            }
            Operation::Lose(which) => drop(self.network.remove(which % self.network.len())),
        }
    }

    /// What gateways have spent or may still spend in this period, whether reported or not.
    fn committed(&self) -> i64 {
        let same = |at: u64| at / self.period == self.now / self.period;
        let of = |gateway: &Gateway| -> i64 {
            let spent = gateway
                .costs
                .iter()
                .filter(|(at, _)| same(*at))
                .map(|(_, cost)| cost);
            let held = gateway.held.iter().filter(|(_, at)| same(*at));
            spent.sum::<i64>() + held.map(|(held, _)| held.money().nanos()).sum::<i64>()
        };
        self.gateways.iter().map(of).sum()
    }

    fn slice_left(&self, me: usize) -> i64 {
        self.left_of(me, NAMESPACE)
    }

    /// What a gateway may still reserve from a scope.
    fn left_of(&self, me: usize, scope: &str) -> i64 {
        let store = &self.gateways[me].store;
        let seat = seat_of(store, scope);
        let value = seat.and_then(|seat| store.get(&seat.key));
        let record = value.map(|(bytes, _)| ScopeRecord::decode(&bytes));
        record.unwrap_or_default().slice.left().nanos()
    }
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let gateway = || 0usize..3;
    let operation = prop_oneof![
        6 => (gateway(), 1i64..60).prop_map(|(me, amount)| Operation::Request(me, amount)),
        6 => (gateway(), 1i64..60, 0usize..4)
            .prop_map(|(me, amount, which)| Operation::RequestReserved(me, amount, which)),
        2 => (1i64..200, 1u64..90).prop_map(|(amount, ttl)| Operation::Reserve(amount, ttl)),
        1 => (0usize..8).prop_map(Operation::Release),
        1 => (1i64..100).prop_map(Operation::Credit),
        4 => (gateway(), 0usize..8, 0i64..=100)
            .prop_map(|(me, which, percent)| Operation::Settle(me, which, percent)),
        4 => gateway().prop_map(Operation::Sync),
        12 => (0usize..8).prop_map(Operation::Deliver),
        2 => (0usize..8).prop_map(Operation::Repeat),
        1 => (0usize..8).prop_map(Operation::Lose),
        2 => (1u64..4).prop_map(Operation::Wait),
        1 => (5u64..130).prop_map(Operation::Wait),
    ];
    let dying = prop_oneof![60 => operation, 1 => gateway().prop_map(Operation::Die)];
    proptest::collection::vec(dying, 1..160)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_network_makes_the_cap_be_passed(
        quota in 0i64..400, gateways in 1usize..4, operations in operations(),
        period in prop_oneof![Just(PERIOD), Just(1_000_000), Just(NEVER)],
    ) {
        let mut world = World::new(quota, period, gateways);
        for operation in &operations {
            world.run(operation);
            let quota = world.lender.quota();
            let (booked, out) = (world.lender.booked(world.now), world.lender.outstanding(world.now));
            let aside = world.lender.set_aside(world.now);
            prop_assert!(
                booked + out + aside <= quota,
                "{booked} + {out} + {aside} of {quota} after {operation:?}"
            );
            let lent = world.lender.outstanding_of_reservations();
            prop_assert!(
                booked + out + lent <= quota,
                "{booked} + {out} + {lent} of {quota} after {operation:?}"
            );
            let committed = world.committed();
            prop_assert!(committed <= quota, "{committed} of {quota} after {operation:?}");
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_last_dollar_can_be_spent(
        quota in 100i64..5_000, gateways in 1usize..4, need in 3i64..20, percent in 40i64..=100,
        period in prop_oneof![Just(1_000_000), Just(NEVER)],
    ) {
        let mut world = World::new(quota, period, gateways);
        let mut refusals_in_a_row = 0;
        for round in 0.. {
            prop_assert!(round < 10_000, "{} of {quota} and no end", world.committed());
            let (me, refused) = (round % gateways, world.refused);
            world.request(me, need);
            for _ in 0..5 {
                for (me, _, message) in core::mem::take(&mut world.network) {
                    world.round_trip(me, message);
                }
            }
            while !world.gateways[me].held.is_empty() {
                world.settle(me, 0, percent);
            }
            refusals_in_a_row = if world.refused > refused { refusals_in_a_row + 1 } else { 0 };
            if refusals_in_a_row > 6 * gateways {
                break;
            }
            // The period must not end meanwhile: time passes only where somebody was refused.
            world.now += u64::from(world.refused > refused);
            for me in 0..gateways {
                let message = world.sync(me);
                world.round_trip(me, message);
            }
        }
        let spent = world.lender.booked(world.now);
        prop_assert!(spent > quota - need && spent <= quota, "{spent} of {quota} by {need}");
    }
}

#[test]
fn a_cost_above_its_reservation_leaves_a_slice_in_debt() {
    let mut world = World::new(1_000, PERIOD, 1);
    world.request(0, 10);
    let (me, _, message) = world.network.remove(0);
    world.round_trip(me, message);
    let left = world.slice_left(0);
    world.settle(0, 0, 5_000);
    assert_eq!(world.slice_left(0), left + 10 - 500, "booked in full");
    assert!(world.slice_left(0) < 0);
    let message = world.sync(0);
    world.round_trip(0, message);
    assert_eq!(world.lender.booked(world.now), 500);
}

/// Borrows `amount` and settles it at its full cost, with nothing lost.
fn spend(world: &mut World, amount: i64) {
    world.request(0, amount);
    for (me, _, message) in core::mem::take(&mut world.network) {
        world.round_trip(me, message);
    }
    while !world.gateways[0].held.is_empty() {
        world.settle(0, 0, 100);
    }
    let message = world.sync(0);
    world.round_trip(0, message);
}

#[test]
fn an_answer_that_comes_late_does_not_bring_back_a_lease_that_was_replaced() {
    let mut world = World::new(100, PERIOD, 1);
    world.now += PERIOD - 1;
    // Answered twice: one of the answers stays on its way.
    world.request(0, 10);
    let (_, sent, ask) = world.network.remove(0);
    world.arrive(0, sent, ask);
    let (_, _, late) = world.network[0].clone();
    let (_, _, answer) = world.network.remove(0);
    world.arrive(0, sent, answer);
    world.settle(0, 0, 100);

    // A period later its lease is replaced by another, which is spent.
    world.now += 1;
    spend(&mut world, 40);
    let left = world.slice_left(0);
    world.arrive(0, sent, late);
    assert_eq!(world.slice_left(0), left);
    // Nothing that was spent before is there to be spent again.
    for _ in 0..100 {
        spend(&mut world, 9);
    }
    assert!(world.committed() <= 100, "{} of 100", world.committed());
}

#[test]
fn a_gateway_that_was_cut_off_cannot_spend_what_has_been_lent_again() {
    let mut world = World::new(80, 1_000_000, 2);
    world.request(0, 10);
    let (me, _, message) = world.network.remove(0);
    world.round_trip(me, message);
    world.settle(0, 0, 0);
    assert_eq!(world.slice_left(0), 10);
    let before = world.now;
    while world.now <= before + 2 * GRACE {
        world.now += 1;
        let expired = world.now > before + GRACE;
        world.request(1, 5);
        for (me, _, message) in core::mem::take(&mut world.network) {
            world.round_trip(me, message);
        }
        while !world.gateways[1].held.is_empty() {
            world.settle(1, 0, 100);
        }
        if expired {
            world.request(0, 10);
            world.network.clear();
        }
        let committed = world.committed();
        assert!(committed <= 80, "{committed} of 80");
    }
    assert_eq!(
        world.committed(),
        80,
        "what was its own is spent by the other"
    );
}

/// A request with all its calls undisturbed.
fn run(world: &mut World, me: usize, amount: i64, of: Option<usize>) {
    world.request_of(me, amount, of);
    for _ in 0..4 {
        for (me, _, message) in core::mem::take(&mut world.network) {
            world.round_trip(me, message);
        }
    }
}

#[test]
fn what_is_out_of_a_reservation_that_has_ended_is_not_lent_again() {
    for released in [true, false] {
        let mut world = World::new(100, 1_000_000, 2);
        world.lender.reserve(100, 5, world.now);
        run(&mut world, 0, 40, Some(0));
        match released {
            true => world.lender.release(0),
            false => world.now += 5,
        }
        run(&mut world, 1, 61, None);
        assert_eq!(world.committed(), 40, "{released}");
        world.now += 5;
        run(&mut world, 1, 60, None);
        assert_eq!(world.committed(), 100, "{released}");
        world.settle(0, 0, 100);
        assert_eq!(world.committed(), 100, "{released}");
    }
}

#[test]
fn two_gateways_spend_one_reservation_and_its_rest_comes_back() {
    let mut world = World::new(100, 1_000_000, 2);
    world.lender.reserve(100, 30, world.now);
    let scope = world.lender.reserved[0].policy.scope.clone();
    run(&mut world, 0, 40, None);
    assert_eq!(world.refused, 1, "all of it is set aside");
    run(&mut world, 0, 40, Some(0));
    run(&mut world, 1, 40, Some(0));
    assert_eq!(world.refused, 1);
    assert_eq!(world.committed(), 80);
    run(&mut world, 1, 40, Some(0));
    assert_eq!(
        world.refused, 2,
        "neither the reservation nor the namespace has as much"
    );
    world.settle(0, 0, 50);
    world.settle(1, 0, 50);
    for me in [0, 1, 0, 1] {
        let message = world.sync(me);
        world.round_trip(me, message);
    }
    assert_eq!(
        (
            world.lender.booked(world.now),
            world.lender.set_aside(world.now)
        ),
        (40, 60)
    );

    world.wait(30);
    assert_eq!(
        world.left_of(0, &scope),
        0,
        "its lender knows what is left without asking"
    );
    for _ in 0..3 {
        for me in [0, 1] {
            let message = world.sync(me);
            world.round_trip(me, message);
        }
    }
    assert_eq!(world.lender.set_aside(world.now), 0);
    run(&mut world, 0, 60, Some(0));
    assert_eq!(world.committed(), 100, "the rest is the namespace's again");
}

#[test]
fn money_that_comes_in_is_lent_at_once_also_where_somebody_was_refused() {
    let mut world = World::new(30, NEVER, 2);
    run(&mut world, 0, 30, None);
    world.settle(0, 0, 100);
    run(&mut world, 1, 30, None);
    assert_eq!((world.refused, world.committed()), (1, 30));
    world.lender.credit(400);
    // A gateway that was refused asks again within a second.
    world.now += 1;
    run(&mut world, 1, 30, None);
    assert_eq!((world.refused, world.committed()), (1, 60));
    assert!(
        world.slice_left(1) > 0,
        "more than it needs: nothing is scarce"
    );
}

#[test]
fn a_balance_is_not_spent_anew_when_a_month_ends() {
    let mut world = World::new(100, NEVER, 2);
    run(&mut world, 0, 60, None);
    world.settle(0, 0, 100);
    let message = world.sync(0);
    world.round_trip(0, message);
    for _ in 0..3 {
        world.now += 31 * 86_400;
        for me in [0, 1] {
            run(&mut world, me, 60, None);
        }
    }
    assert_eq!(world.committed(), 60);
    run(&mut world, 1, 40, None);
    assert_eq!(world.committed(), 100);
}
