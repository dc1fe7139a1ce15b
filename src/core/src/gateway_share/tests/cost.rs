//! What sharing costs: bytes between gateways and the service, and statements of its database.

use super::random::Random;
use super::setting::Setting;
use super::world::World;
use core::time::Duration;

/// Statements of a sync that says nothing of shares: the gateway's term, all terms, its changes.
const QUIET: f64 = 3.0;
/// Statements of one that has reports, however many: those, and the divisions locked, written and read, the
/// changes confirmed and added.
const BUSY: f64 = 8.0;
const WARM_UP: Duration = Duration::from_secs(70);
const MEASURED: Duration = Duration::from_secs(60);
/// Demand that is not steady changes so often.
const TURN: Duration = Duration::from_secs(10);
/// Scopes that are simulated. What they cost on average is multiplied.
const SAMPLE: u64 = 200;
/// So many gateways use a scope at most.
const USERS: u64 = 3;

/// What a scope costs in a second.
#[derive(Clone, Copy, Debug, Default)]
struct Scope {
    /// Rows of the database that are written.
    rows: f64,
    bytes: f64,
    /// Reports that gateways make of their own accord. Those of all scopes at one time are one message.
    reports: f64,
    /// Reports sent at once, because a request waited.
    asks: f64,
}

/// What an installation costs in a second.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    statements: f64,
    rows: f64,
    bytes: f64,
}

/// The average of scopes that so many gateways use, with limits from `lowest` requests a minute on. Of ten
/// scopes, eight have steady demand of 60 % of their limit, one has demand that doubles and halves every ten
/// seconds, and one wants twice its limit. `kinds` are those that are counted. Requests come at random, as in
/// life.
fn scope(users: u64, lowest: u64, kinds: core::ops::Range<u64>, seed: u64) -> Scope {
    let mut random = Random(seed.wrapping_mul(2) | 1);
    let (mut sum, mut count) = (Scope::default(), 0.0);
    for number in 0..SAMPLE {
        let rate = lowest + random.below(10 * lowest);
        let kind = number % 10;
        if !kinds.contains(&kind) {
            continue;
        }
        let setting = Setting {
            step: Duration::from_millis(50),
            is_random: true,
            ..Setting::requests(rate)
        };
        let mut world = World::new(setting, seed ^ (number << 20));
        world.service.counts_bytes = true;
        for _ in 0..users {
            world.add(match kind {
                0 => rate * 2 / users,
                _ => rate * 6 / 10 / users,
            });
        }
        let run = |world: &mut World, time: Duration| {
            for turn in 0..time.as_secs() / TURN.as_secs() {
                if kind == 1 {
                    let tenths = if turn % 2 == 0 { 8 } else { 4 };
                    for gateway in &mut world.gateways {
                        gateway.demand = rate * tenths / 10 / users;
                    }
                }
                world.run(TURN);
            }
        };
        run(&mut world, WARM_UP);
        let counts = |world: &World| {
            let service = &world.service;
            [service.writes, service.bytes, world.reported, world.asked]
        };
        let before = counts(&world);
        run(&mut world, MEASURED);
        let after = counts(&world);
        let [rows, bytes, reports, asks] =
            [0, 1, 2, 3].map(|at: usize| (after[at] - before[at]) as f64 / MEASURED.as_secs_f64());
        sum.rows += rows;
        sum.bytes += bytes;
        sum.reports += reports;
        sum.asks += asks;
        count += 1.0;
    }
    Scope {
        rows: sum.rows / count,
        bytes: sum.bytes / count,
        reports: sum.reports / count,
        asks: sum.asks / count,
    }
}

/// What `scopes` such scopes cost that are spread over `gateways`.
fn installation(scope: Scope, gateways: u64, scopes: u64) -> Cost {
    let (gateways, scopes) = (gateways as f64, scopes as f64);
    // A gateway looks twice a second, and says all that there is to say at once.
    let looks = 2.0 * gateways;
    let busy = looks * (1.0 - (-scope.reports * scopes / looks).exp());
    let quiet = (gateways - busy).max(0.0);
    Cost {
        statements: quiet * QUIET + (busy + scope.asks * scopes) * BUSY,
        rows: scope.rows * scopes,
        bytes: scope.bytes * scopes,
    }
}

const SEED: u64 = 20_261_130;
const ALL: core::ops::Range<u64> = 0..10;
const STEADY: core::ops::Range<u64> = 2..10;

/// However small its limit is. (Of very few requests a minute the first minutes say little.)
#[test]
fn a_scope_with_steady_demand_below_its_limit_costs_nothing() {
    for (lowest, most) in [(60, 0.1), (600, 0.02), (6_000, 0.02)] {
        let scope = scope(USERS, lowest, STEADY, SEED);
        assert!(scope.rows <= most, "{lowest} a minute: {scope:?}");
    }
}

/// `make simulation`: its output is a table in `docs/src/design/limits.md`.
#[test]
#[ignore = "takes minutes: make simulation"]
fn what_sharing_costs() {
    eprintln!("seed {SEED}");
    for lowest in [600, 6_000] {
        let steady = scope(USERS, lowest, STEADY, SEED);
        eprintln!(
            "limits from {lowest}, steady demand: {:.4} rows a second and scope",
            steady.rows
        );
        for gateways in [1, 3, 50] {
            let scope = scope(USERS.min(gateways), lowest, ALL, SEED);
            for scopes in [10, 1_000, 100_000] {
                let cost = installation(scope, gateways, scopes);
                eprintln!(
                    "limits from {lowest}, {scopes} scopes, {gateways} gateways: {:.0} statements, {:.1} rows, {:.0} bytes a second",
                    cost.statements, cost.rows, cost.bytes
                );
            }
        }
    }
}
