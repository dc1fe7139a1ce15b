//! What an attacker's neighbours notice: nothing.
//!
//! Each attack of `paddock_tests::attacks` runs beside a tenant that keeps to its limits and beside the
//! operator. None of their calls may fail, and none of their times may be out of
//! proportion to what the same run shows without attack and what the provider itself takes beside it.
//! Noise of the machine only ever adds, so an attack whose times are too long is looked at again.
//!
//! `PADDOCK_ATTACKS=streams cargo test -p paddock-tests --test neighbours -- --nocapture` runs those alone
//! whose names have that in them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    reason = "tests"
)]

mod neighbours;
mod receiver;
mod times;

use neighbours::Neighbours;
use paddock_tests::attacks::{ATTACKS, Attack, Ground};
use paddock_tests::installation::{Installation, Limits, Plan};
use serde_json::Map;
use std::sync::Arc;
use std::time::Duration;
use times::Times;
use tokio::time::sleep;

/// An attack is under way so long before anything is measured.
const BEGUN: Duration = Duration::from_millis(400);
/// The rest between two phases.
const REST: Duration = Duration::from_millis(200);
/// How often an attack is looked at until its times count.
const LOOKS: usize = 3;
/// Phases without attack before the first one; before them, all gets to know each other.
const QUIET: usize = 5;

/// Bounds of the service that are reached within a phase.
const ARGUMENTS: [&str; 3] = [
    "--allow-private-webhooks",
    "--management-rpm=300",
    "--max-connections-per-address=400",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_attack_is_noticed_by_its_neighbours() {
    let target = paddock_local::wasm().unwrap().parent().unwrap().to_owned();
    let plan = Plan {
        gateways: 1,
        replicas: 1,
        postgres: false,
        wasm: None,
        plugin: Map::new(),
        limits: Limits::default(),
        upstream: None,
        arguments: ARGUMENTS.map(str::to_owned).to_vec(),
        program: None,
        relayed: false,
        state: target.join("neighbours"),
    };
    let installation = Installation::start(plan).await.unwrap();
    let neighbours = Neighbours::make(&installation).await;
    let ground = Arc::new(ground(&installation).await);
    neighbours.watch().await.unwrap();
    let mut phases = Vec::new();
    for _ in 0..QUIET {
        phases.push(neighbours.watch().await.unwrap());
    }
    let quiet = Times::median(&phases);
    eprintln!("{:<52}{quiet}", "without attack");
    let wanted = std::env::var("PADDOCK_ATTACKS").unwrap_or_default();
    let mut noticed = Vec::new();
    for attack in ATTACKS
        .iter()
        .filter(|attack| attack.name.contains(&wanted))
    {
        if let Err(how) = withstand(attack, &ground, &neighbours, &quiet).await {
            eprintln!("{:<52}{how}", attack.name);
            noticed.push(format!("{}: {how}", attack.name));
        }
    }
    assert!(noticed.is_empty(), "\n{}\n", noticed.join("\n"));
}

async fn ground(installation: &Installation) -> Ground {
    let address = |url: String| url.strip_prefix("http://").unwrap().parse().unwrap();
    let gateway = address(installation.gateways[0].url());
    let service = address(installation.replicas[0].url());
    let operator = installation.operator(0).unwrap();
    let mut ground = Ground::make(&operator, gateway, service).await.unwrap();
    ground.make_replay(&operator).await.unwrap();
    ground
}

/// What was noticed, if anything was.
async fn withstand(
    attack: &Attack,
    ground: &Arc<Ground>,
    neighbours: &Neighbours,
    quiet: &Times,
) -> Result<(), String> {
    let mut looks = 0;
    loop {
        looks += 1;
        let hands = attack.begin(ground);
        sleep(BEGUN).await;
        let times = neighbours.watch().await;
        drop(hands);
        let answers = ground.answers();
        sleep(REST).await;
        let times = times?;
        let name = attack.name;
        eprintln!("{name:<52}{times} {answers:?}");
        let meets = attack.meets;
        if !answers.contains_key(&meets) {
            return Err(format!("it was never answered {meets}, but {answers:?}"));
        }
        match times.out_of_proportion_to(quiet) {
            Some(what) if looks == LOOKS => return Err(what),
            Some(_) => {}
            None => return Ok(()),
        }
    }
}
