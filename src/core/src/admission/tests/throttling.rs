//! Rates while a budget runs low.

use super::{SECOND, START, TERMS, ask, at, record};
use crate::admission::{Ask, Denied, Grants, RateKind, RateTier, Scope, Throttle, place_hold};
use crate::money::Money;
use crate::policy::{Limits, ThrottleFactor};
use crate::store::fake::FakeStore;
use crate::timestamp::Timestamp;
use core::time::Duration;
use proptest::prelude::*;
use std::rc::Rc;

/// Ten requests a minute and 100 nano-dollars a month, at a quarter from 80 % on.
fn scope() -> Rc<Scope> {
    let limits = Limits {
        requests_per_minute: Some(10),
        monthly_quota: Some(Money::from_nanos(100)),
        ..Limits::default()
    };
    let throttle = Throttle {
        at_percent: Some(80),
        factor: ThrottleFactor::from_thousandths(250).unwrap(),
        until: None,
    };
    Rc::new(Scope::new("namespace:n".to_owned(), limits).throttled(throttle))
}

fn spend(store: &mut FakeStore, scope: &Rc<Scope>, nanos: i64, now: Timestamp) {
    let all = [Rc::clone(scope)];
    let money = Money::from_nanos(nanos);
    let held = place_hold(
        &mut Grants::default(),
        store,
        &all,
        &ask(0, nanos),
        TERMS,
        now,
    )
    .unwrap();
    let _ = held.settle(&mut Grants::default(), store, 0, money, now);
}

fn passes(store: &mut FakeStore, scope: &Rc<Scope>, tier: RateTier, now: Timestamp) -> usize {
    let all = [Rc::clone(scope)];
    let ask = Ask { tier, ..ask(0, 0) };
    (0..100)
        .take_while(|_| place_hold(&mut Grants::default(), store, &all, &ask, TERMS, now).is_ok())
        .count()
}

#[test]
fn over_the_threshold_the_rate_is_split_in_two() {
    let (scope, mut store) = (scope(), FakeStore::default());
    spend(&mut store, &scope, 79, at(0));
    let full = at(600 * SECOND);
    assert_eq!(
        passes(&mut store.copy(), &scope, RateTier::Regular, full),
        10
    );
    assert_eq!(
        passes(&mut store.copy(), &scope, RateTier::Excess, full),
        10,
        "one tier only"
    );

    spend(&mut store, &scope, 1, full);
    let later = at(1_200 * SECOND);
    assert_eq!(
        passes(&mut store.copy(), &scope, RateTier::Regular, later),
        2
    );
    assert_eq!(
        passes(&mut store.copy(), &scope, RateTier::Excess, later),
        8
    );
    let mut both = store.copy();
    assert_eq!(passes(&mut both, &scope, RateTier::Regular, later), 2);
    assert_eq!(passes(&mut both, &scope, RateTier::Excess, later), 8);
    let denied = place_hold(
        &mut Grants::default(),
        &mut both,
        &[Rc::clone(&scope)],
        &ask(0, 0),
        TERMS,
        later,
    );
    let expected = Denied::Rate {
        scope: Rc::clone(&scope),
        kind: RateKind::Requests,
        retry_after: Duration::from_secs(30),
        throttled: true,
        rates: match &denied {
            Err(Denied::Rate { rates, .. }) => *rates,
            other => panic!("{other:?}"),
        },
    };
    assert_eq!(denied.err(), Some(expected));
}

#[test]
fn throttling_ends_with_the_period_and_by_the_clock() {
    let (scope, mut store) = (scope(), FakeStore::default());
    spend(&mut store, &scope, 90, at(0));
    assert_eq!(
        passes(
            &mut store.copy(),
            &scope,
            RateTier::Regular,
            at(600 * SECOND)
        ),
        2
    );
    let next_month = Timestamp::from_nanos(START).end_of_month();
    assert_eq!(
        passes(&mut store.copy(), &scope, RateTier::Regular, next_month),
        10
    );

    let until = at(60 * SECOND);
    let throttle = Throttle {
        until: Some(until),
        at_percent: None,
        ..scope.throttle
    };
    let scope =
        Rc::new(Scope::new("namespace:m".to_owned(), scope.limits.clone()).throttled(throttle));
    assert_eq!(
        passes(
            &mut store.copy(),
            &scope,
            RateTier::Regular,
            at(59 * SECOND)
        ),
        2
    );
    assert_eq!(passes(&mut store, &scope, RateTier::Regular, until), 10);
}

#[test]
fn an_excess_of_nothing_lets_nobody_pass() {
    let mut whole = (*scope()).clone();
    whole.throttle.factor = ThrottleFactor::from_thousandths(1_000).unwrap();
    let (whole, mut store) = (Rc::new(whole), FakeStore::default());
    spend(&mut store, &whole, 90, at(0));
    assert_eq!(
        passes(&mut store, &whole, RateTier::Excess, at(600 * SECOND)),
        0
    );
}

proptest! {
    /// Whatever crosses the threshold when, both tiers together pass no more than the rate allows.
    #[test]
    fn throttling_never_adds_to_a_rate(
        steps in proptest::collection::vec((0u64..20, any::<bool>(), 0i64..4), 1..200),
    ) {
        let (scope, mut store) = (scope(), FakeStore::default());
        let all = [Rc::clone(&scope)];
        let (mut elapsed, mut passed) = (0, 0);
        for (seconds, excess, cost) in steps {
            elapsed += seconds;
            let tier = if excess { RateTier::Excess } else { RateTier::Regular };
            let ask = Ask { tier, ..ask(0, cost) };
            let now = at(elapsed * SECOND);
            if let Ok(held) = place_hold(&mut Grants::default(), &mut store, &all, &ask, TERMS, now) {
                passed += 1;
                let _ = held.settle(&mut Grants::default(), &mut store, 0, Money::from_nanos(cost), now);
            }
        }
        // A full bucket, then the rate.
        prop_assert!(passed <= 10 + elapsed / 6, "{passed} in {elapsed} s");
        prop_assert!(record(&store, &scope).books.month_spent <= 100);
    }
}
