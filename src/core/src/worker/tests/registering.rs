//! Every lease an Envoy has is registered, whichever worker is faster.

use crate::epoch_sum::Epochs;
use crate::money::Money;
use crate::store::fake::{FakeStore, Interruption};
use crate::timestamp::Timestamp;
use crate::wire::{CapPeriod, Lease, LendAnswer, Need};
use crate::worker::leases::{apply_lend, renew, report};
use core::time::Duration;

const NOW: Timestamp = Timestamp::from_secs(1_000);
const EPOCHS: Epochs = Epochs(600);

fn lent(store: &mut FakeStore, id: i64) {
    let lease = Lease {
        scope: "key:k".to_owned(),
        id,
        lent: Money::from_nanos(100),
        expires_at: NOW.plus(Duration::from_secs(60)),
        period_ends_at: NOW.plus(Duration::from_secs(600)),
        period: CapPeriod::Monthly,
        resets_at: None,
        remaining: Money::from_nanos(1_000),
        hold_at_most: None,
        spent: Money::ZERO,
        used_percent: 0,
        short: false,
    };
    let need = Need {
        scope: "key:k".to_owned(),
        amount: Money::from_nanos(100),
        held: None,
        share: None,
    };
    let answer = LendAnswer {
        leases: vec![lease],
        shares: None,
    };
    apply_lend(store, &[need], &answer, NOW, NOW);
}

#[test]
fn a_lease_that_comes_while_an_old_one_is_unregistered_stays_registered() {
    // Closing the old lease is the first write, unregistering it the second.
    for write in 0..2 {
        let mut store = FakeStore::default();
        lent(&mut store, 1);
        let reported = report(&mut store, EPOCHS, NOW);
        store.interruptions.extend((0..write).map(|_| None));
        let newer: Interruption = Box::new(|store| lent(store, 2));
        store.interruptions.push_back(Some(newer));
        renew(&mut store, &reported, &[], true, NOW);
        store.interruptions.clear();
        let ids: Vec<i64> = report(&mut store, EPOCHS, NOW)
            .iter()
            .map(|report| report.id)
            .collect();
        assert_eq!(ids, [2], "at write {write}");
    }
}

#[test]
fn a_lease_nobody_uses_is_given_back() {
    let mut store = FakeStore::default();
    lent(&mut store, 1);
    let [held] = &report(&mut store, EPOCHS, NOW)[..] else {
        panic!("one lease")
    };
    assert!(!held.idle || held.returned == Money::from_nanos(100));
    let later = NOW.plus(Duration::from_secs(11));
    let [given] = &report(&mut store, EPOCHS, later)[..] else {
        panic!("one lease")
    };
    assert!(given.idle);
    assert_eq!(given.returned, Money::from_nanos(100));
}
