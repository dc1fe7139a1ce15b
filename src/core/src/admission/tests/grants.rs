//! Workers that decide in their own memory, their reads and writes in any order: limits are as exact
//! as if they all used the record.

use super::*;
use crate::admission::{Denied, Grants, Hold, place_hold};
use crate::store::turns::{Turns, WorkerStore};
use crate::wire::{CapPeriod, Lease};
use core::time::Duration;

const TICK: u64 = SECOND / 10;
/// The longest a request lives, in seconds.
const LONGEST: u64 = 10;
const LEASED: Terms = Terms {
    epochs: Epochs(LONGEST),
    budgeting: Budgeting::Leased,
    sharing: None,
};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Operation {
    /// A time that passes, back by a second if it is negative.
    Wait(i64),
    Tick,
    Admit {
        tokens: u64,
        money: i64,
    },
    Settle {
        which: usize,
        percent: i64,
    },
    /// The worker's memory is gone, and its requests with it.
    Trap,
}

/// What a worker got through.
#[derive(Debug, Default)]
struct Work {
    requests: u64,
    cost: i64,
    clock: u64,
    /// Whether a trap took something with it.
    lost: bool,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        2 => (0..TICK.cast_signed()).prop_map(Operation::Wait),
        1 => Just(Operation::Wait(-1)),
        3 => Just(Operation::Tick),
        12 => (0u64..20, 0i64..30).prop_map(|(tokens, money)| Operation::Admit { tokens, money }),
        6 => (0usize..4, 0i64..=100)
            .prop_map(|(which, percent)| Operation::Settle { which, percent }),
        1 => Just(Operation::Trap),
    ];
    proptest::collection::vec(operation, 1..40)
}

/// Limits of which some leave room for grants, and some do not.
fn limits() -> impl Strategy<Value = Limits> {
    let or_none = proptest::option::of::<core::ops::Range<u64>>;
    let rates = (
        or_none(1..600),
        or_none(1..100),
        or_none(1..9_000),
        or_none(1..90),
    );
    (rates, proptest::option::of(0i64..6_000)).prop_map(
        |((requests, burst, tokens, concurrency), month)| Limits {
            requests_per_minute: requests,
            burst: burst.filter(|_| requests.is_some()),
            tokens_per_minute: tokens,
            bytes_per_minute: None,
            max_concurrency: concurrency,
            monthly_quota: month.map(Money::from_nanos),
            daily_quota: None,
            quotas: BTreeMap::new(),
            soft_limits: Vec::new(),
        },
    )
}

fn lease(lent: i64) -> Lease {
    let end = at(1_000_000 * SECOND);
    Lease {
        scope: String::new(),
        id: 7,
        lent: Money::from_nanos(lent),
        spent: Money::ZERO,
        expires_at: end,
        period_ends_at: end,
        period: CapPeriod::Monthly,
        resets_at: None,
        remaining: Money::from_nanos(lent),
        short: false,
        used_percent: 0,
        hold_at_most: None,
    }
}

/// All of each cap is on loan.
fn lend_all<S: SharedStore>(store: &mut S, scopes: &[Rc<Scope>]) {
    for scope in scopes.iter().filter(|scope| scope.is_budgeted()) {
        let mut record = ScopeRecord::default();
        let quota = scope.limits.monthly_quota.unwrap();
        record.slice.accept(&lease(quota.nanos()));
        store.put(&scope.record, &record.encode(), None).unwrap();
    }
}

fn work(mut store: WorkerStore, limits: &[Limits; 3], operations: Vec<Operation>) -> Work {
    let scopes = scopes(limits.each_ref());
    let (mut grants, mut work) = (Grants::eager(), Work::default());
    let mut held: Vec<(Hold, u64)> = Vec::new();
    let settle = |grants: &mut Grants, store: &mut WorkerStore, work: &mut Work, held, percent| {
        let (hold, tokens): (Hold, u64) = held;
        let cost = hold.money().nanos() * percent / 100;
        work.cost += cost;
        let now = at(work.clock);
        let settled = hold.settle(grants, store, tokens, Money::from_nanos(cost), now);
        assert_eq!(settled.contended, 0);
    };
    for operation in operations {
        let now = at(work.clock);
        match operation {
            Operation::Wait(-1) => work.clock = work.clock.saturating_sub(SECOND),
            Operation::Wait(nanos) => work.clock += nanos.unsigned_abs(),
            Operation::Tick => grants.tick(&mut store, LEASED, now),
            Operation::Admit { tokens, money } => {
                let ask = ask(tokens, money);
                match place_hold(&mut grants, &mut store, &scopes, &ask, LEASED, now) {
                    Ok(hold) => {
                        work.requests += 1;
                        held.push((hold, tokens));
                    }
                    Err(denied) => assert!(!matches!(denied, Denied::Contended)),
                }
            }
            Operation::Settle { which, percent } if !held.is_empty() => {
                let which = which % held.len();
                let held = held.remove(which);
                settle(&mut grants, &mut store, &mut work, held, percent);
            }
            Operation::Settle { .. } => {}
            Operation::Trap => {
                work.lost |= !held.is_empty() || !grants.is_empty();
                grants = Grants::eager();
                held.clear();
            }
        }
    }
    for held in held {
        settle(&mut grants, &mut store, &mut work, held, 50);
    }
    grants.end(&mut store, LEASED, at(work.clock));
    assert!(grants.is_empty());
    work
}

/// What holds after every single write.
fn check_limits(store: &FakeStore, limits: &[Limits; 3]) {
    for scope in scopes(limits.each_ref()) {
        let (record, limits) = (record(store, &scope), &scope.limits);
        if let Some(most) = limits.max_concurrency {
            let in_flight = u64::try_from(record.in_flight.total()).unwrap();
            assert!(in_flight <= most, "{in_flight} in flight in {}", scope.name);
        }
        let slice = &record.slice;
        assert!(slice.left() >= Money::ZERO, "{slice:?}");
        let full = |capacity: u64| i128::from(capacity) * i128::from(60 * SECOND);
        if let Some(bucket) = scope.requests() {
            assert!(record.requests.parts >= 0, "more requests than there are");
            let out = i128::from(record.lent_requests.total()) * i128::from(60 * SECOND);
            assert!(i128::from(record.requests.parts) + out <= full(bucket.capacity));
        }
        if let Some(bucket) = scope.tokens() {
            let out = i128::from(record.lent_tokens.total()) * i128::from(60 * SECOND);
            assert!(i128::from(record.tokens.parts) + out <= full(bucket.capacity));
        }
    }
}

fn check_end(store: &FakeStore, limits: &[Limits; 3], done: &[Work]) {
    let cost: i64 = done.iter().map(|work| work.cost).sum();
    let requests: u64 = done.iter().map(|work| work.requests).sum();
    let clock = done.iter().map(|work| work.clock).max().unwrap();
    let lost = done.iter().any(|work| work.lost);
    let later = at(clock + 3 * LONGEST * SECOND);
    for scope in scopes(limits.each_ref()) {
        let mut record = record(store, &scope);
        if !lost {
            assert_eq!(record.in_flight.total(), 0, "{}", scope.name);
            let lent = [record.lent_requests.total(), record.lent_tokens.total()];
            assert_eq!(lent, [0, 0], "{}", scope.name);
            assert_eq!(record.slice.granted.total(), 0, "{}", scope.name);
        }
        record.slice.roll(LEASED.epochs, later);
        record.in_flight.roll(LEASED.epochs, later);
        assert_eq!(record.in_flight.total(), 0, "what was lost drops out");
        if let Some(quota) = scope.limits.monthly_quota {
            assert!(cost <= quota.nanos(), "{cost} of {quota}");
            // The lender knows what was spent, and the rest is there again.
            record.slice.ask_for_lost();
            record.slice.find_lost(&Lease {
                spent: Money::from_nanos(cost),
                ..lease(quota.nanos())
            });
            assert_eq!(record.slice.spent, cost, "{}", scope.name);
            assert_eq!(record.slice.left().nanos(), quota.nanos() - cost);
        }
        if let Some(bucket) = scope.requests() {
            let most = u128::from(bucket.capacity) * u128::from(60 * SECOND)
                + u128::from(bucket.rate) * u128::from(clock + SECOND);
            assert!(u128::from(requests) * u128::from(60 * SECOND) <= most);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_interleaving_of_workers_with_grants_passes_a_limit(
        limits in [limits(), limits(), limits()],
        workers in proptest::collection::vec(operations(), 2..5),
        schedule in proptest::collection::vec(0u8..4, 0..24),
        conflicts in proptest::collection::vec(proptest::bool::weighted(0.2), 0..60),
    ) {
        let watched = limits.clone();
        let watch = move |store: &FakeStore| check_limits(store, &watched);
        let scopes = scopes(limits.each_ref());
        let (turns, stores) = Turns::stores_with(
            workers.len(), schedule, conflicts, watch, |store| lend_all(store, &scopes),
        );
        let done: Vec<Work> = std::thread::scope(|threads| {
            let limits = &limits;
            let running: Vec<_> = stores
                .into_iter()
                .zip(workers)
                .map(|(store, operations)| threads.spawn(move || work(store, limits, operations)))
                .collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        check_end(&turns.store(), &limits, &done);
    }
}

/// A worker at a store of its own turn.
#[derive(Default)]
struct Worker {
    grants: Option<Grants>,
    held: Vec<Hold>,
}

impl Worker {
    fn ask(&mut self, store: &mut FakeStore, scope: &Rc<Scope>, nanos: u64) -> Result<(), Denied> {
        let grants = self.grants.get_or_insert_with(Grants::eager);
        let scopes = core::slice::from_ref(scope);
        let hold = place_hold(grants, store, scopes, &ask(1, 1), LEASED, at(nanos))?;
        self.held.push(hold);
        Ok(())
    }

    fn tick(&mut self, store: &mut FakeStore, nanos: u64) {
        if let Some(grants) = &mut self.grants {
            grants.tick(store, LEASED, at(nanos));
        }
    }

    fn settle_all(&mut self, store: &mut FakeStore, nanos: u64) {
        let grants = self.grants.get_or_insert_with(Grants::eager);
        for hold in self.held.drain(..) {
            let _ = hold.settle(grants, store, 1, Money::from_nanos(1), at(nanos));
        }
    }
}

fn requests(rate: u64) -> Rc<Scope> {
    let limits = Limits {
        requests_per_minute: Some(rate),
        ..Limits::default()
    };
    let [scope] = scopes([&limits]);
    scope
}

#[test]
fn a_hot_scope_is_decided_without_its_record() {
    let scope = requests(6_000);
    let (mut store, mut worker) = (FakeStore::default(), Worker::default());
    worker.ask(&mut store, &scope, 0).unwrap();
    let written = store.values[&scope.record].1;
    for _ in 0..16 {
        worker.ask(&mut store, &scope, 0).unwrap();
    }
    let remaining = worker.held[16].rates().requests.unwrap().remaining;
    assert_eq!(
        remaining,
        6_000 - 17,
        "what is on this worker's own grant counts"
    );
    worker.settle_all(&mut store, 0);
    assert_eq!(store.values[&scope.record].1, written);
    worker.ask(&mut store, &scope, 0).unwrap();
    assert_eq!(
        store.values[&scope.record].1,
        written + 1,
        "the grant has run out"
    );
    // It is not used any more: two ticks later everything is back.
    worker.tick(&mut store, TICK);
    assert!(worker.grants.as_ref().unwrap().is_empty());
    let record = record(&store, &scope);
    assert_eq!(record.lent_requests.total(), 0);
    assert!(!record.recall.has_borrowers());
}

#[test]
fn who_lacks_what_another_does_not_use_gets_it_within_a_tick() {
    let scope = requests(600);
    let (mut store, mut idle, mut busy) =
        (FakeStore::default(), Worker::default(), Worker::default());
    idle.ask(&mut store, &scope, 0).unwrap();
    let mut admitted = 1;
    let denied = loop {
        match busy.ask(&mut store, &scope, 0) {
            Ok(()) => admitted += 1,
            Err(denied) => break denied,
        }
    };
    let Denied::Recalled { until, .. } = denied else {
        panic!("{denied:?}");
    };
    assert_eq!(until.since(at(0)), Duration::from_millis(250));
    assert!(admitted < 600);
    idle.tick(&mut store, TICK);
    let refused = loop {
        match busy.ask(&mut store, &scope, 0) {
            Ok(()) => admitted += 1,
            Err(denied) => break denied,
        }
    };
    assert_eq!(
        admitted, 601,
        "every single one, and what came in meanwhile"
    );
    assert!(matches!(refused, Denied::Rate { .. }), "{refused:?}");
}

#[test]
fn nobody_waits_for_a_worker_that_is_gone_twice() {
    let scope = requests(600);
    let (mut store, mut gone, mut busy) =
        (FakeStore::default(), Worker::default(), Worker::default());
    gone.ask(&mut store, &scope, 0).unwrap();
    drop(gone);
    while busy.ask(&mut store, &scope, 0).is_ok() {}
    let late = SECOND / 4;
    let end = loop {
        if let Err(denied) = busy.ask(&mut store, &scope, late) {
            break denied;
        }
    };
    assert!(matches!(end, Denied::Rate { .. }), "{end:?}");
    // Once its epoch is over, the bucket has all its room again.
    let later = at(60 * SECOND);
    let mut bucket = record(&store, &scope);
    let before = bucket.lent_requests.total();
    assert_eq!(before, 16);
    bucket.lent_requests.roll(LEASED.epochs, later);
    assert_eq!(bucket.lent_requests.total(), 0);
}

#[test]
fn near_a_limit_all_workers_use_the_record() {
    let scope = requests(31);
    let (mut store, mut worker) = (FakeStore::default(), Worker::default());
    for n in 1..=31 {
        worker.ask(&mut store, &scope, 0).unwrap();
        assert_eq!(store.values[&scope.record].1, n);
    }
    let refused = worker.ask(&mut store, &scope, 0).unwrap_err();
    assert!(matches!(refused, Denied::Rate { .. }), "{refused:?}");
}

#[test]
fn a_limit_that_changes_holds_at_once() {
    let (wide, narrow) = (requests(6_000), requests(10));
    let (mut store, mut worker) = (FakeStore::default(), Worker::default());
    for _ in 0..5 {
        worker.ask(&mut store, &wide, 0).unwrap();
    }
    let mut admitted = 0;
    while worker.ask(&mut store, &narrow, 0).is_ok() {
        admitted += 1;
    }
    assert_eq!(admitted, 10);
}

#[test]
fn who_waits_for_money_gets_it_from_the_grants_of_others() {
    let limits = Limits {
        monthly_quota: Some(Money::from_nanos(1_000)),
        ..Limits::default()
    };
    let [scope] = scopes([&limits]);
    let (mut store, mut other) = (FakeStore::default(), Worker::default());
    lend_all(&mut store, core::slice::from_ref(&scope));
    other.ask(&mut store, &scope, 0).unwrap();
    assert_eq!(record(&store, &scope).slice.left().nanos(), 1_000 - 1 - 16);
    crate::admission::await_money(&mut store, &scope, at(0));
    other.tick(&mut store, TICK);
    assert_eq!(record(&store, &scope).slice.left().nanos(), 1_000 - 1);
    other.settle_all(&mut store, TICK);
    assert_eq!(record(&store, &scope).slice.spent, 1);
}
