//! What sharing costs: bytes between gateways and the service, and statements of its database.

use super::random::Random;
use super::setting::Setting;
use super::world::World;
use core::time::Duration;
use std::collections::BTreeSet;

/// Statements of a sync that says nothing of shares: the gateway's term, all terms, its changes.
const QUIET: u64 = 3;
/// Statements of one that has reports, however many: those, and the divisions locked, written and read, the
/// changes confirmed and added.
const BUSY: u64 = 8;
const WARM_UP: Duration = Duration::from_secs(70);
const MEASURED: Duration = Duration::from_secs(60);
/// Scopes that are simulated; where there are more, what they cost is multiplied.
const SAMPLE: u64 = 200;

/// What an installation costs in a second.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    statements: f64,
    rows: f64,
    bytes: f64,
}

/// Limits are from `lowest` requests a minute on. Of ten scopes, eight have steady demand below their limit, one has demand that doubles and halves every
/// ten seconds, and one wants twice its limit. Three gateways use each, or as many as there are.
fn cost(gateways: u64, scopes: u64, lowest: u64, seed: u64) -> Cost {
    let simulated = scopes.min(SAMPLE);
    let mut random = Random(seed.wrapping_mul(2) | 1);
    let mut reported = BTreeSet::new();
    let (mut asked, mut rows, mut bytes) = (0, 0, 0);
    for number in 0..simulated {
        let rate = lowest + random.below(10 * lowest);
        let setting = Setting {
            step: Duration::from_millis(50),
            ..Setting::requests(rate)
        };
        let mut world = World::new(setting, seed ^ (number << 20));
        let users = gateways.min(3);
        let first = random.below(gateways);
        for _ in 0..users {
            world.add(match number % 10 {
                0 => rate * 2 / users,
                _ => rate * 6 / 10 / users,
            });
        }
        let turn = |world: &mut World, is_high: bool| {
            if number % 10 == 1 {
                for gateway in &mut world.gateways {
                    gateway.demand = rate * if is_high { 8 } else { 4 } / 10 / users;
                }
            }
            world.run(Duration::from_secs(10));
        };
        for second in 0..WARM_UP.as_secs() / 10 {
            turn(&mut world, second % 2 == 0);
        }
        world.reported.clear();
        let before = (world.asked, world.service.writes, world.service.bytes);
        for second in 0..MEASURED.as_secs() / 10 {
            turn(&mut world, second % 2 == 1);
        }
        asked += world.asked - before.0;
        rows += world.service.writes - before.1;
        bytes += world.service.bytes - before.2;
        let of_all = |at: usize| (first + at as u64) % gateways;
        let own = world.reported.iter().map(|(at, when)| (of_all(*at), *when));
        reported.extend(own);
    }
    let times = scopes as f64 / simulated as f64;
    let seconds = MEASURED.as_secs_f64();
    let syncs = gateways as f64 * seconds;
    // A gateway looks twice a second, and says all that there is to say at once.
    let busy = (reported.len() as f64 * times).min(2.0 * syncs);
    let busy_asks = asked as f64 * times;
    let quiet = (syncs - busy).max(0.0);
    Cost {
        statements: (quiet * QUIET as f64 + (busy + busy_asks) * BUSY as f64) / seconds,
        rows: rows as f64 * times / seconds,
        bytes: bytes as f64 * times / seconds,
    }
}

/// Limits of so many requests a minute, up to eleven times as many.
fn table(lowest: u64, cells: &[(u64, u64)]) -> Vec<Cost> {
    let row = |(gateways, scopes): &(u64, u64)| {
        let cost = cost(*gateways, *scopes, lowest, 20_261_130);
        eprintln!(
            "limits from {lowest}, {scopes} scopes, {gateways} gateways: {:.0} statements, {:.0} rows, {:.0} bytes a second",
            cost.statements, cost.rows, cost.bytes
        );
        cost
    };
    cells.iter().map(row).collect()
}

/// One scope in ten wants more than there is, and one wants more and less in turn.
#[test]
fn scopes_with_steady_demand_below_their_limit_cost_nothing() {
    for (gateways, scopes) in [(1, 10), (1, 100), (3, 30)] {
        let cost = table(6_000, &[(gateways, scopes)])[0];
        let most = 0.2 * gateways as f64 * scopes as f64;
        assert!(cost.rows <= most, "{cost:?} of {most}");
    }
}

/// `make simulation`: its output is a table in `docs/src/design/limits.md`.
#[test]
#[ignore = "takes minutes: make simulation"]
fn what_sharing_costs() {
    let cells = [1, 3, 50].map(|gateways| [10, 1_000, 100_000].map(|scopes| (gateways, scopes)));
    for lowest in [600, 6_000] {
        table(lowest, cells.as_flattened());
    }
}
