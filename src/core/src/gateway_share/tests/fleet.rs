//! Whole installations: many scopes over many gateways, whose demand shifts.
//!
//! Scopes do not touch each other, so each is a world of its own with the same gateways.

use super::random::Random;
use super::setting::Setting;
use super::world::World;
use crate::bucket::Bucket;
use crate::gateway_share::Capacity;
use core::time::Duration;

/// Until the burst is used up and shares have settled.
const WARM_UP: Duration = Duration::from_secs(70);
const STEADY: Duration = Duration::from_secs(30);
/// Two syncs.
const SHIFT: Duration = Duration::from_secs(2);
const AFTER: Duration = Duration::from_secs(10);
/// So few gateways use a scope at once at most, of however many there are.
const USERS: u64 = 8;

/// What some scopes have used of what they might have, in percent.
#[derive(Debug, Default)]
struct Used {
    steady: f64,
    shifted: f64,
    least_steady: f64,
}

/// A scope's setting: a limit of 600 to 12,000 requests a minute, of every fiftieth scope ten times as much, and
/// a burst of it or less.
fn setting(random: &mut Random, is_lossy: bool) -> Setting {
    let large = if random.happens(2) { 10 } else { 1 };
    let rate = large * 600 * 10_u64.pow(random.below(2) as u32);
    let rate = rate + random.below(rate);
    let limit = Capacity {
        rates: [
            Bucket {
                rate,
                capacity: rate / (1 + random.below(6)),
            },
            Bucket::default(),
        ],
        slots: 0,
    };
    Setting {
        limit,
        loss: if is_lossy { random.below(20) } else { 0 },
        delay: Duration::from_millis(if is_lossy {
            1 + random.below(1_500)
        } else {
            50
        }),
        step: Duration::from_millis(50),
        ..Setting::requests(rate)
    }
}

/// One scope: `users` gateways want up to four times the limit in all; then half of them stop, and as many
/// others begin. What it used in percent, while steady and after the shift. That it never passed its limit is
/// asserted by the world.
fn scope(gateways: u64, seed: u64, is_lossy: bool) -> (f64, f64) {
    let mut random = Random(seed.wrapping_mul(2) | 1);
    let setting = setting(&mut random, is_lossy);
    let rate = setting.limit.rates[0].rate;
    let mut world = World::new(setting, seed);
    let users = match gateways {
        // All of them at one limit, as of a provider.
        _ if random.happens(1) => gateways,
        _ => gateways.min(1 + random.below(USERS)),
    };
    // Each wants its part of it and more, or nobody could use the limit when others stop.
    let demand = |random: &mut Random| rate * (15 + random.below(25)) / 10 / users + rate;
    for _ in 0..users {
        let demand = demand(&mut random);
        world.add(demand);
    }
    let possible = |time: Duration| rate as f64 * time.as_secs_f64() / 60.0;
    world.run(WARM_UP);
    let steady = world.run(STEADY) as f64 * 100.0 / possible(STEADY);
    let leaving = (users / 2) as usize;
    for at in 0..leaving {
        world.gateways[at].demand = 0;
    }
    // Newcomers, as far as there are gateways that do not use it.
    for _ in 0..(gateways - users).min(leaving as u64) {
        let demand = demand(&mut random);
        world.add(demand);
    }
    world.run(SHIFT);
    let shifted = world.run(AFTER) as f64 * 100.0 / possible(AFTER);
    (steady, shifted)
}

fn installation(gateways: u64, scopes: u64, seed: u64, is_lossy: bool) -> Used {
    let mut used = Used {
        least_steady: f64::INFINITY,
        ..Used::default()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let part = |first: u64| {
        let numbers = (first..scopes).step_by(threads as usize);
        let used = numbers.map(|number| scope(gateways, seed ^ (number << 20), is_lossy));
        used.collect::<Vec<_>>()
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || part(first)))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    });
    for (steady, shifted) in parts {
        used.steady += steady / scopes as f64;
        used.shifted += shifted / scopes as f64;
        used.least_steady = used.least_steady.min(steady);
    }
    used
}

fn matrix(cells: &[(u64, u64)], seed: u64) {
    eprintln!("seed {seed}");
    for (gateways, scopes) in cells {
        let used = installation(*gateways, *scopes, seed, false);
        eprintln!(
            "{gateways} gateways, {scopes} scopes: steady {:.1} % (least {:.1} %), after a shift {:.1} %",
            used.steady, used.least_steady, used.shifted
        );
        assert!(used.steady >= 98.0, "seed {seed}: {used:?}");
        assert!(used.shifted >= 90.0, "seed {seed}: {used:?}");
        // With loss and delay nothing is promised but that no limit is passed.
        installation(*gateways, scopes.div_ceil(4), seed, true);
    }
}

#[test]
fn installations_use_their_limits_and_never_pass_them() {
    matrix(&[(1, 4), (3, 4), (10, 4), (50, 2)], 20_261_130);
}

/// `make simulation`: its output is a table in `docs/src/design/limits.md`. `SCOPES` is how many an installation
/// has at most.
#[test]
#[ignore = "takes minutes: make simulation"]
fn installations_of_every_size() {
    let number = |name: &str, otherwise: u64| {
        let value = std::env::var(name).ok();
        value.map_or(otherwise, |value| value.parse().unwrap())
    };
    let most = number("SCOPES", 100_000);
    let cells = [
        (1, 1_000),
        (3, 1_000),
        (10, 10_000),
        (50, 10_000),
        (200, 1_000),
        (1_000, 300),
        (50, 100_000),
    ];
    let cells = cells.map(|(gateways, scopes)| (gateways, most.min(scopes)));
    matrix(&cells, number("SEED", 20_261_130));
}
