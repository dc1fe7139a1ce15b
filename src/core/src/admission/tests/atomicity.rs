//! All scopes or none, also where another worker writes between a scope's reading and its writing.

use super::*;
use crate::admission::{Denied, Grants, RateKind, place_hold};
use crate::store::fake::Interruption;

/// A store in which another worker admits `money` in the namespace alone at the `nth` write.
fn interrupted(nth: usize, namespace: &Limits, money: i64) -> FakeStore {
    let limits = namespace.clone();
    let competitor: Interruption = Box::new(move |store| {
        let [_, namespace] = scopes([&Limits::default(), &limits]);
        let _ = place_hold(
            &mut Grants::default(),
            store,
            &[namespace],
            &ask(0, money),
            TERMS,
            at(0),
        )
        .unwrap();
    });
    let mut store = FakeStore::default();
    store.interruptions.extend((0..nth).map(|_| None));
    store.interruptions.push_back(Some(competitor));
    store
}

fn capped(cap: i64) -> Limits {
    Limits {
        requests_per_minute: Some(60),
        tokens_per_minute: Some(1_000),
        max_concurrency: Some(9),
        monthly_quota: Some(Money::from_nanos(cap)),
        ..Limits::default()
    }
}

#[test]
fn a_scope_that_refuses_late_gives_back_the_ones_before() {
    let (key, namespace) = (capped(1_000), capped(100));
    let scopes = scopes([&key, &namespace]);
    // The key is written, then the namespace's money goes to somebody else.
    let mut store = interrupted(1, &namespace, 60);
    let denied = place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(50, 60),
        TERMS,
        at(0),
    )
    .unwrap_err();
    let Denied::Budget {
        scope, shortage, ..
    } = denied
    else {
        panic!("{denied:?}");
    };
    assert_eq!(scope.name, "namespace:n");
    assert_eq!(shortage.remaining, Money::from_nanos(40));

    let key = record(&store, &scopes[0]);
    assert_eq!(key.in_flight.total(), 0);
    assert_eq!(key.books.held.total(), 0);
    assert_eq!(key.books.month_spent, 0);
    let (requests, tokens) = (scopes[0].requests().unwrap(), scopes[0].tokens().unwrap());
    assert_eq!(requests.view(&key.requests).remaining, 60);
    assert_eq!(tokens.view(&key.tokens).remaining, 1_000);
    let namespace = record(&store, &scopes[1]);
    assert_eq!(namespace.books.held.total(), 60, "the other's alone");
    assert_eq!(namespace.in_flight.total(), 1);
}

#[test]
fn an_organization_that_refuses_late_gives_back_key_and_namespace() {
    let (wide, narrow) = (capped(1_000), capped(100));
    let scopes = scopes([&wide, &wide, &narrow]);
    let organization = Rc::clone(&scopes[2]);
    let competitor: Interruption = Box::new(move |store| {
        let _ = place_hold(
            &mut Grants::default(),
            store,
            &[organization],
            &ask(0, 60),
            TERMS,
            at(0),
        )
        .unwrap();
    });
    let mut store = FakeStore::default();
    store.interruptions.extend([None, None, Some(competitor)]);
    let denied = place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(50, 60),
        TERMS,
        at(0),
    )
    .unwrap_err();
    assert!(matches!(denied, Denied::Budget { scope, .. } if scope.name == "organization:o"));
    for scope in &scopes[..2] {
        let record = record(&store, scope);
        assert_eq!(record.in_flight.total(), 0, "{}", scope.name);
        assert_eq!(record.books.held.total(), 0, "{}", scope.name);
    }
}

#[test]
fn a_scope_without_limits_is_neither_read_nor_written() {
    let burst_alone = Limits {
        burst: Some(5),
        ..Limits::default()
    };
    let scopes = scopes([&capped(100), &Limits::default(), &burst_alone]);
    let mut store = FakeStore::default();
    let hold = place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(1, 10),
        TERMS,
        at(0),
    )
    .unwrap();
    let _ = hold.settle(&mut Grants::default(), &mut store, 1, Money::ZERO, at(1));
    let written: Vec<&String> = store.values.keys().collect();
    assert_eq!(written, ["scope/key:k"]);
}

#[test]
fn a_scope_something_else_pays_for_is_rated_and_its_money_is_not_touched() {
    let limits = capped(100);
    let money_alone = Limits {
        monthly_quota: limits.monthly_quota,
        ..Limits::default()
    };
    let [key, namespace, organization] = scopes([&limits, &limits, &money_alone]);
    let unpaid = [
        Rc::clone(&key),
        Rc::new(namespace.unpaid()),
        Rc::new(organization.unpaid()),
    ];
    let mut store = FakeStore::default();
    let spent = place_hold(
        &mut Grants::default(),
        &mut store,
        core::slice::from_ref(&namespace),
        &ask(0, 100),
        TERMS,
        at(0),
    )
    .unwrap();
    let held = place_hold(
        &mut Grants::default(),
        &mut store,
        &unpaid,
        &ask(50, 60),
        TERMS,
        at(0),
    )
    .unwrap();
    let debited = record(&store, &namespace);
    assert_eq!(debited.in_flight.total(), 2);
    assert_eq!(debited.books.held.total(), 100, "the other's alone");
    assert!(!store.values.contains_key(&organization.record));

    let _ = held.settle(
        &mut Grants::default(),
        &mut store,
        30,
        Money::from_nanos(60),
        at(0),
    );
    let settled = record(&store, &namespace);
    assert_eq!(settled.in_flight.total(), 1);
    assert_eq!(settled.books.month_spent, 0);
    let tokens = namespace.tokens().unwrap();
    assert_eq!(tokens.view(&settled.tokens).remaining, 970);
    assert_eq!(record(&store, &key).books.month_spent, 60);
    let _ = spent.settle(&mut Grants::default(), &mut store, 0, Money::ZERO, at(0));

    let dear = place_hold(
        &mut Grants::default(),
        &mut store,
        &unpaid,
        &ask(0, 1_000),
        TERMS,
        at(0),
    )
    .unwrap_err();
    assert!(matches!(dear, Denied::Budget { scope, .. } if scope.name == "key:k"));
}

#[test]
fn a_lost_race_is_judged_anew_and_not_refused_where_both_fit() {
    let (key, namespace) = (capped(1_000), capped(100));
    let scopes = scopes([&key, &namespace]);
    let mut store = interrupted(1, &namespace, 40);
    let hold = place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(50, 60),
        TERMS,
        at(0),
    )
    .unwrap();
    assert_eq!(record(&store, &scopes[1]).books.held.total(), 100);
    let settled = hold.settle(
        &mut Grants::default(),
        &mut store,
        50,
        Money::from_nanos(7),
        at(1),
    );
    assert_eq!(settled.contended, 0);
    let namespace = record(&store, &scopes[1]);
    assert_eq!(namespace.books.held.total(), 40);
    assert_eq!(namespace.books.month_spent, 7);
}

#[test]
fn a_cost_above_its_reservation_is_booked_in_full() {
    let limits = capped(100);
    let scopes = scopes([&limits; 3]);
    let mut store = FakeStore::default();
    let hold = place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(1, 10),
        TERMS,
        at(0),
    )
    .unwrap();
    let _ = hold.settle(
        &mut Grants::default(),
        &mut store,
        5_000,
        Money::from_nanos(130),
        at(1),
    );
    for scope in &scopes {
        let record = record(&store, scope);
        assert_eq!(
            record.books.month_spent, 130,
            "past the cap, never forgiven"
        );
        assert!(record.tokens.parts < 0, "tokens are in debt");
    }
    let denied = place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(0, 1),
        TERMS,
        at(60 * SECOND * 10),
    );
    assert!(
        matches!(denied, Err(Denied::Budget { shortage, .. }) if shortage.remaining == Money::ZERO)
    );
}

#[test]
fn what_a_trapped_worker_held_drops_out() {
    let limits = Limits {
        max_concurrency: Some(1),
        ..capped(100)
    };
    let scopes = scopes([&limits; 3]);
    let terms = Terms {
        epochs: Epochs(10),
        ..TERMS
    };
    let mut store = FakeStore::default();
    drop(place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(0, 100),
        terms,
        at(0),
    ));
    let refused = place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(0, 1),
        terms,
        at(9 * SECOND),
    );
    assert!(matches!(
        refused,
        Err(Denied::Rate {
            kind: RateKind::Concurrency,
            ..
        })
    ));
    let _ = place_hold(
        &mut Grants::default(),
        &mut store,
        &scopes,
        &ask(0, 100),
        terms,
        at(20 * SECOND),
    )
    .unwrap();
}

proptest! {
    #[test]
    fn a_refusal_leaves_no_trace(
        limits in [tight_limits(), tight_limits(), tight_limits()],
        before in proptest::collection::vec((0u64..20, 0i64..100), 0..8),
        refused in (0u64..60, 0i64..700),
    ) {
        let scopes = scopes(limits.each_ref());
        let mut store = FakeStore::default();
        for (tokens, money) in before {
            drop(place_hold(&mut Grants::default(), &mut store, &scopes, &ask(tokens, money), TERMS, at(0)));
        }
        let untouched = scopes.each_ref().map(|scope| record(&store, scope));
        let denied = place_hold(&mut Grants::default(), &mut store, &scopes, &ask(refused.0, refused.1), TERMS, at(0));
        if denied.is_err() {
            let after = scopes.each_ref().map(|scope| record(&store, scope));
            prop_assert_eq!(after, untouched);
        }
    }
}
