//! Several workers at once, their reads and writes in any order.

use super::*;
use crate::admission::{Denied, Grants, Hold, place_hold};
use crate::store::turns::{Turns, WorkerStore};

/// What a worker does next.
#[derive(Clone, Debug)]
enum Operation {
    Wait(u64),
    Admit {
        tokens: u64,
        money: i64,
    },
    /// Ends one of its requests; it used so many percent of what was foreseen.
    Settle {
        which: usize,
        percent: i64,
    },
}

/// What a worker got through.
#[derive(Debug, Default)]
struct Work {
    requests: u64,
    cost: i64,
    clock: u64,
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        1 => (0..SECOND / 2).prop_map(Operation::Wait),
        4 => (0u64..20, 0i64..100)
            .prop_map(|(tokens, money)| Operation::Admit { tokens, money }),
        3 => (0usize..4, 0i64..=100)
            .prop_map(|(which, percent)| Operation::Settle { which, percent }),
    ];
    proptest::collection::vec(operation, 1..10)
}

fn work(mut store: WorkerStore, limits: &[Limits; 3], operations: Vec<Operation>) -> Work {
    let scopes = scopes(limits.each_ref());
    let mut work = Work::default();
    let mut held: Vec<(Hold, u64)> = Vec::new();
    let settle = |store: &mut WorkerStore, work: &mut Work, held: (Hold, u64), percent: i64| {
        let (hold, tokens) = held;
        let cost = hold.money().nanos() * percent / 100;
        work.cost += cost;
        let now = at(work.clock);
        let settled = hold.settle(
            &mut Grants::default(),
            store,
            tokens,
            Money::from_nanos(cost),
            now,
        );
        assert_eq!(settled.contended, 0);
    };
    for operation in operations {
        match operation {
            Operation::Wait(nanos) => work.clock += nanos,
            Operation::Admit { tokens, money } => {
                let result = place_hold(
                    &mut Grants::default(),
                    &mut store,
                    &scopes,
                    &ask(tokens, money),
                    TERMS,
                    at(work.clock),
                );
                match result {
                    Ok(hold) => {
                        work.requests += 1;
                        held.push((hold, tokens));
                    }
                    Err(denied) => {
                        assert!(!matches!(denied, Denied::Contended | Denied::Lend(_)));
                    }
                }
            }
            Operation::Settle { which, percent } if !held.is_empty() => {
                let which = which % held.len();
                settle(&mut store, &mut work, held.remove(which), percent);
            }
            Operation::Settle { .. } => {}
        }
    }
    for held in held {
        settle(&mut store, &mut work, held, 50);
    }
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
        let booked = record.books.month_spent + record.books.held.total();
        for quota in [limits.monthly_quota, limits.daily_quota]
            .into_iter()
            .flatten()
        {
            assert!(
                booked <= quota.nanos(),
                "{booked} of {quota} in {}",
                scope.name
            );
        }
        assert!(record.requests.parts >= 0, "more requests than there are");
    }
}

fn check_end(store: &FakeStore, limits: &[Limits; 3], done: &[Work]) {
    let cost: i64 = done.iter().map(|work| work.cost).sum();
    let requests: u64 = done.iter().map(|work| work.requests).sum();
    let clock = done.iter().map(|work| work.clock).max().unwrap();
    for scope in scopes(limits.each_ref()) {
        let record = record(store, &scope);
        assert_eq!(record.in_flight.total(), 0, "{}", scope.name);
        assert_eq!(record.books.held.total(), 0, "{}", scope.name);
        if scope.limits.is_budgeted() {
            assert_eq!(record.books.month_spent, cost, "{}", scope.name);
        }
        if let Some(bucket) = scope.requests() {
            let most = u128::from(bucket.capacity) * u128::from(60 * SECOND)
                + u128::from(bucket.rate) * u128::from(clock);
            assert!(u128::from(requests) * u128::from(60 * SECOND) <= most);
        }
        if let Some(bucket) = scope.tokens() {
            let full = i128::from(bucket.capacity) * i128::from(60 * SECOND);
            assert!(i128::from(record.tokens.parts) <= full);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_interleaving_passes_a_limit_or_loses_a_settlement(
        limits in [tight_limits(), tight_limits(), tight_limits()],
        workers in proptest::collection::vec(operations(), 2..4),
        schedule in proptest::collection::vec(0u8..4, 0..24),
        conflicts in proptest::collection::vec(proptest::bool::weighted(0.2), 0..60),
    ) {
        let watched = limits.clone();
        let watch = move |store: &FakeStore| check_limits(store, &watched);
        let (turns, stores) = Turns::stores(workers.len(), schedule, conflicts, watch);
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
