//! Reservations are lent of like caps, and what is left of them comes back.

use super::world::World;

#[test]
fn what_is_out_of_a_reservation_that_has_ended_is_not_lent_again() {
    for released in [true, false] {
        let mut world = World::new(100, 1_000_000, 2);
        world.lender.reserve(100, 5, world.now);
        world.request_undisturbed(0, 40, Some(0));
        match released {
            true => world.lender.release(0),
            false => world.now += 5,
        }
        world.request_undisturbed(1, 61, None);
        assert_eq!(world.committed(), 40, "{released}");
        world.now += 5;
        world.request_undisturbed(1, 60, None);
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
    world.request_undisturbed(0, 40, None);
    assert_eq!(world.refused, 1, "all of it is set aside");
    world.request_undisturbed(0, 40, Some(0));
    world.request_undisturbed(1, 40, Some(0));
    assert_eq!(world.refused, 1);
    assert_eq!(world.committed(), 80);
    world.request_undisturbed(1, 40, Some(0));
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
    world.request_undisturbed(0, 60, Some(0));
    assert_eq!(world.committed(), 100, "the rest is the namespace's again");
}
