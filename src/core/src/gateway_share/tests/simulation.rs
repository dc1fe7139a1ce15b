//! What is never passed, and how much of it can be used.

use super::setting::Setting;
use super::world::World;
use crate::bucket::Bucket;
use crate::gateway_share::Capacity;
use core::time::Duration;
use proptest::prelude::*;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Lets a burst pass, then measures how much of the rate is used.
fn percent_used(world: &mut World, warm_up: Duration, time: Duration) -> u64 {
    world.run(warm_up);
    let served = world.run(time);
    let possible = world.setting.limit.rates[0].rate * time.as_secs() / 60;
    served * 100 / possible
}

#[test]
fn a_lone_gateway_has_all_of_it() {
    let mut world = World::new(Setting::requests(600), 1);
    world.add(1_000_000);
    let at_once = world.run(secs(1));
    assert!(at_once >= 600, "the burst and more: {at_once}");
    assert!(percent_used(&mut world, secs(2), secs(60)) >= 99);
}

/// The table in `docs/src/design/limits.md` is what this prints.
#[test]
fn in_steady_load_nearly_all_of_it_is_used() {
    for gateways in [1, 2, 3, 10, 50, 200] {
        let mut world = World::new(Setting::requests(60_000), gateways);
        world.service.counts_bytes = true;
        for _ in 0..gateways {
            world.add(600_000 / gateways);
        }
        world.run(secs(70));
        let (served, writes, bytes) = (
            world.run(secs(60)),
            world.service.writes,
            world.service.bytes,
        );
        let percent = served as f64 * 100.0 / 60_000.0;
        eprintln!("{gateways} gateways: {percent:.1} %, {writes} writes, {bytes} bytes");
        assert!(percent >= 98.0, "{gateways} gateways: {percent} %");
    }
}

#[test]
fn demand_that_moves_is_followed() {
    let mut world = World::new(Setting::requests(60_000), 5);
    for _ in 0..3 {
        world.add(200_000);
    }
    world.run(secs(70));
    // Two stop; the third has it all after two syncs.
    world.gateways[0].demand = 0;
    world.gateways[1].demand = 0;
    let used = percent_used(&mut world, secs(2), secs(20));
    assert!(used >= 90, "{used} %");
    // It stops, and another begins.
    world.gateways[2].demand = 0;
    world.gateways[0].demand = 200_000;
    let used = percent_used(&mut world, secs(2), secs(20));
    assert!(used >= 90, "{used} %");
}

#[test]
fn a_newcomer_is_served_at_once() {
    let mut world = World::new(Setting::requests(60_000), 7);
    world.add(200_000);
    let second = world.add(0);
    world.run(secs(70));
    world.gateways[second].demand = 6_000;
    world.run(Duration::from_millis(100));
    assert!(world.gateways[second].served > 0);
}

#[test]
fn a_few_requests_a_minute_are_lent_one_by_one() {
    let mut world = World::new(Setting::requests(10), 9);
    for _ in 0..3 {
        world.add(600);
    }
    let used = percent_used(&mut world, secs(120), secs(600));
    assert!(used >= 90, "{used} %");
}

#[test]
fn one_request_at_a_time_goes_round() {
    let slots = Setting {
        limit: Capacity {
            rates: [Bucket::default(); 2],
            slots: 1,
        },
        ..Setting::requests(0)
    };
    let mut world = World::new(slots, 11);
    for _ in 0..3 {
        world.add(600);
    }
    let served = world.run(secs(120));
    assert!(
        served * 300 >= 120_000 * 60 / 100,
        "{served} of 300 ms each"
    );
    assert!(world.gateways.iter().all(|gateway| gateway.served > 0));
}

#[test]
fn what_does_not_change_costs_nothing() {
    let mut world = World::new(Setting::requests(60_000), 13);
    for _ in 0..3 {
        world.add(10_000);
    }
    world.run(secs(10));
    let writes = world.service.writes;
    world.run(secs(60));
    assert_eq!(world.service.writes, writes, "demand is the same");
}

/// What happens in turn: to which gateway, what, and milliseconds until the next.
fn play(world: &mut World, rate: u64, turns: &[(usize, u8, u64)]) {
    for (who, what, time) in turns.iter().copied() {
        let who = who % world.gateways.len();
        match what {
            0 => world.gateways[who].demand = 0,
            1 => world.gateways[who].demand = rate * 3,
            2 => world.gateways[who].cut_off = true,
            3 => world.gateways[who].cut_off = false,
            4 => world.kill(who),
            5 => world.gateways[who].demand = rate / 4,
            6 => world.set_rate((rate / 3).max(1)),
            _ => world.set_rate(rate),
        }
        world.run(Duration::from_millis(time));
    }
}

/// An answer with tokens was lost, and the next one comes after the limit was lowered to a hundredth.
#[test]
fn what_is_on_its_way_when_the_limit_is_lowered_is_void() {
    let rate = 819;
    let setting = Setting {
        limit: Capacity {
            rates: [
                Bucket {
                    rate,
                    capacity: 106,
                },
                Bucket {
                    rate: rate * 100,
                    capacity: rate * 100,
                },
            ],
            slots: 31,
        },
        tokens: 124,
        loss: 37,
        delay: Duration::from_millis(36),
        lasts: Duration::from_millis(700),
        step: Duration::from_millis(10),
        is_random: false,
    };
    let mut world = World::new(setting, 1_027_868_030_615);
    for _ in 0..4 {
        world.add(rate * 3);
    }
    play(&mut world, rate, &[(3, 5, 3_347), (1, 7, 3_579)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_window_is_above_the_limit(
        seed in 1u64..1 << 40,
        rate in prop_oneof![1u64..20, 20u64..1_000, 1_000u64..100_000],
        burst in 1u64..1_000,
        tokens in prop_oneof![Just(0u64), 1u64..500],
        slots in prop_oneof![Just(0u64), 1u64..4, 4u64..100],
        gateways in 1usize..6,
        loss in prop_oneof![Just(0u64), 0u64..40],
        delay in prop_oneof![1u64..50, 50u64..3_000],
        turns in proptest::collection::vec((0usize..6, 0u8..8, 1u64..9_000), 1..12),
    ) {
        let of_tokens = if tokens == 0 { 0 } else { rate * 100 };
        let setting = Setting {
            limit: Capacity {
                rates: [
                    Bucket { rate, capacity: burst.min(rate) },
                    Bucket { rate: of_tokens, capacity: of_tokens },
                ],
                slots,
            },
            tokens: tokens.min(of_tokens),
            loss,
            delay: Duration::from_millis(delay),
            lasts: Duration::from_millis(700),
            step: Duration::from_millis(10),
            is_random: seed % 2 == 0,
        };
        let mut world = World::new(setting, seed);
        for _ in 0..gateways {
            world.add(rate * 3);
        }
        play(&mut world, rate, &turns);
    }
}
