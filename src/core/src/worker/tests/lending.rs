//! Whatever the network does, a cap is never passed, and the last of it can be spent.

use super::lender::{GRACE, NEVER};
use super::operations::operations;
use super::world::{PERIOD, World};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_network_makes_the_cap_be_passed(
        quota in prop_oneof![0i64..400, 0i64..40_000], gateways in 1usize..4, operations in operations(),
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

#[test]
fn money_that_comes_in_is_lent_at_once_also_where_somebody_was_refused() {
    let mut world = World::new(30, NEVER, 2);
    world.request_undisturbed(0, 30, None);
    world.settle(0, 0, 100);
    world.request_undisturbed(1, 30, None);
    assert_eq!((world.refused, world.committed()), (1, 30));
    world.lender.credit(400);
    // A gateway that was refused asks again within a second.
    world.now += 1;
    world.request_undisturbed(1, 30, None);
    assert_eq!((world.refused, world.committed()), (1, 60));
    assert!(
        world.slice_left(1) > 0,
        "more than it needs: nothing is scarce"
    );
}

#[test]
fn a_balance_is_not_spent_anew_when_a_month_ends() {
    let mut world = World::new(100, NEVER, 2);
    world.request_undisturbed(0, 60, None);
    world.settle(0, 0, 100);
    let message = world.sync(0);
    world.round_trip(0, message);
    for _ in 0..3 {
        world.now += 31 * 86_400;
        for me in [0, 1] {
            world.request_undisturbed(me, 60, None);
        }
    }
    assert_eq!(world.committed(), 60);
    world.request_undisturbed(1, 40, None);
    assert_eq!(world.committed(), 100);
}
