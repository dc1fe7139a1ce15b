//! Reservations share a bounded number of records, each one's alone while it holds anything.

use super::*;
use crate::admission::{Denied, Grants, assign_record, place_hold, record_of};
use crate::policy::{ReservationName, ReservationPolicy};
use crate::wire::{CapPeriod, Lease};

const LEASED: Terms = Terms {
    epochs: Epochs(10),
    budgeting: Budgeting::Leased,
    sharing: None,
};
/// Seconds after which a record that holds nothing is anybody's.
const REST: u64 = 120;

fn reservation(n: usize) -> ReservationPolicy {
    ReservationPolicy {
        name: ReservationName {
            namespace: "n".to_owned(),
            id: n.to_string(),
        },
        scope: format!("reservation:n/{n}"),
        amount: Money::from_nanos(1_000),
        expires_at: at(u64::MAX / 4),
    }
}

fn assign(store: &mut FakeStore, n: usize, most: usize, clock: u64) -> Option<Rc<Scope>> {
    assign_record(store, &reservation(n), most, LEASED.epochs, at(clock)).map(Rc::new)
}

/// Lends a reservation's record 100.
fn lend(store: &mut FakeStore, scope: &Scope, id: i64) {
    let mut held = record(store, scope);
    held.slice.accept(&Lease {
        scope: scope.name.clone(),
        id,
        lent: Money::from_nanos(100),
        spent: Money::ZERO,
        expires_at: at(1_000 * SECOND),
        period_ends_at: at(1_000 * SECOND),
        period: CapPeriod::Monthly,
        resets_at: None,
        remaining: Money::from_nanos(1_000),
        used_percent: 0,
        short: false,
        hold_at_most: None,
    });
    let version = store.get(&scope.record).map(|(_, version)| version);
    store.put(&scope.record, &held.encode(), version).unwrap();
}

#[test]
fn whatever_clients_name_there_are_no_more_records_than_allowed() {
    let mut store = FakeStore::default();
    for n in 0..200 {
        let clock = u64::try_from(n).unwrap() * 30 * SECOND;
        if let Some(scope) = assign(&mut store, n, 8, clock) {
            assert_eq!(
                assign(&mut store, n, 8, clock),
                Some(scope),
                "it stays where it is"
            );
        }
    }
    assert_eq!(store.values.len(), 9, "eight and who has them");
    let with_record =
        (0..200).filter(|n| record_of(&store, &format!("reservation:n/{n}")).is_some());
    assert_eq!(with_record.count(), 8);
}

#[test]
fn a_record_is_anybodys_only_when_it_holds_nothing_and_has_rested() {
    let mut store = FakeStore::default();
    let first = assign(&mut store, 1, 1, 0).unwrap();
    assert_eq!(
        assign(&mut store, 2, 1, (REST - 1) * SECOND),
        None,
        "it has not rested"
    );
    lend(&mut store, &first, 7);
    assert_eq!(
        assign(&mut store, 2, 1, 10 * REST * SECOND),
        None,
        "it holds a lease"
    );
    let scopes = core::slice::from_ref(&first);
    let held = place_hold(
        &mut Grants::default(),
        &mut store,
        scopes,
        &ask(0, 40),
        LEASED,
        at(500 * SECOND),
    )
    .unwrap();
    let mut closed = record(&store, &first);
    closed.slice.close();
    let version = store.get(&first.record).map(|(_, version)| version);
    store.put(&first.record, &closed.encode(), version).unwrap();
    assert_eq!(assign(&mut store, 2, 1, (500 + REST - 1) * SECOND), None);
    let second = assign(&mut store, 2, 1, (500 + REST) * SECOND).unwrap();
    assert_eq!(second.record, first.record);
    assert_eq!(record_of(&store, &first.name), None);

    // Whoever still thinks it is the first one's changes nothing of the second's.
    lend(&mut store, &second, 8);
    let before = record(&store, &second);
    let _ = held.settle(
        &mut Grants::default(),
        &mut store,
        0,
        Money::from_nanos(30),
        at(630 * SECOND),
    );
    let denied = place_hold(
        &mut Grants::default(),
        &mut store,
        scopes,
        &ask(0, 1),
        LEASED,
        at(630 * SECOND),
    );
    assert!(matches!(denied, Err(Denied::Budget { .. })));
    assert_eq!(record(&store, &second), before);
    let paid = place_hold(
        &mut Grants::default(),
        &mut store,
        &[second],
        &ask(0, 100),
        LEASED,
        at(630 * SECOND),
    );
    assert!(paid.is_ok());
}

#[test]
fn one_who_was_interrupted_between_taking_and_sitting_down_sits_down_later() {
    let mut store = FakeStore::default();
    assign(&mut store, 1, 1, 0).unwrap();
    let before = store.values["reservation/0"].clone();
    let second = assign(&mut store, 2, 1, REST * SECOND).unwrap();
    // As if its VM had trapped after it had written the directory.
    store.values.insert("reservation/0".to_owned(), before);
    assert_eq!(assign(&mut store, 2, 1, REST * SECOND), Some(second));
}

proptest! {
    #[test]
    fn two_reservations_never_have_one_record(
        steps in proptest::collection::vec((0usize..12, 0u64..90, any::<bool>()), 1..120),
        conflicts in proptest::collection::vec(proptest::bool::weighted(0.2), 0..60),
    ) {
        let mut store = FakeStore { conflicts, ..FakeStore::default() };
        let mut clock = 0;
        let mut lent: Vec<Rc<Scope>> = Vec::new();
        for (n, wait, lends) in steps {
            clock += wait * SECOND;
            let Some(scope) = assign(&mut store, n, 4, clock) else { continue };
            prop_assert_eq!(record(&store, &scope).owner.get(), scope.owner);
            if lends && !lent.contains(&scope) {
                store.conflicts.clear();
                lend(&mut store, &scope, i64::try_from(n).unwrap() + 1);
                lent.push(scope);
            }
            for (at, scope) in lent.iter().enumerate() {
                let slot = record_of(&store, &scope.name).map(|slot| slot.key);
                prop_assert_eq!(slot.as_ref(), Some(&scope.record), "its money stays where it is");
                prop_assert!(lent[..at].iter().all(|other| other.record != scope.record));
            }
        }
    }
}
