//! What Paddock costs: bare Envoy, an empty Wasm filter and Paddock with everything on, side by
//! side.
//!
//! Each has an Envoy of its own with one worker, and all of them run on core 0; the load, the
//! provider and the accounting service are on core 1. Short rounds of load go to one after the
//! other, in rotating order, so that whatever else the machine does meets all of them alike.
//!
//! The load is a closed loop: each of 32 connections asks again as soon as it has its answer. So
//! Envoy is busy all the time, its CPU time a request is that of a busy Envoy, and the latencies
//! are those of saturation: with `--connections 1` they are those of an idle one. CPU time is the
//! figure to compare; throughput and latency follow from it, as long as the column "busy" says
//! that Envoy was what limited them.
#![cfg_attr(test, allow(clippy::float_cmp))]

mod contender;
mod cpu;
mod http1;
mod load;
mod report;
mod round;
mod scenario;
mod upstream;

use anyhow::{Context, ensure};
use clap::Parser;
use contender::Contender;
use report::Comparison;
use round::Plan;
use scenario::Scenario;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use upstream::Upstream;

/// Compares Paddock with bare Envoy and an empty Wasm filter.
#[derive(Parser)]
struct Arguments {
    /// Rounds of each contender in each scenario.
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// The length of a round.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Connections of the load, with one request at a time on each.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Only these scenarios.
    #[arg(long, value_enum, value_delimiter = ',')]
    scenarios: Vec<Scenario>,
    /// A look in half a minute: two rounds of half a second.
    #[arg(long, conflicts_with_all = ["rounds", "seconds"])]
    quick: bool,
}

impl Arguments {
    fn plan(&self) -> anyhow::Result<Plan> {
        let (rounds, seconds) = match self.quick {
            true => (2, 0.5),
            false => (self.rounds, self.seconds),
        };
        ensure!(rounds > 0, "--rounds must be at least 1");
        ensure!(self.connections > 0, "--connections must be at least 1");
        let span = Duration::try_from_secs_f64(seconds).context("--seconds is not a time")?;
        Ok(Plan {
            rounds,
            span,
            warm_up: span.min(Duration::from_millis(500)),
            pause: Duration::from_millis(250),
        })
    }

    fn scenarios(&self) -> Vec<Scenario> {
        match self.scenarios.as_slice() {
            [] => Scenario::ALL.to_vec(),
            chosen => chosen.to_vec(),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let plan = arguments.plan()?;
    cpu::pin_self(cpu::OTHERS)?;
    let upstream = Upstream::start(arguments.connections).await?;
    let mut running = Vec::new();
    for contender in Contender::ALL {
        running.push(contender.start(upstream.address).await?);
    }
    let bare = running.first().context("nothing is compared")?;
    let version = bare.envoy_version().await?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "Envoy with one worker on core {}, load and provider on core {}; {} connections, {} rounds of {:?}\nEnvoy {version}\n",
        cpu::ENVOY,
        cpu::OTHERS,
        arguments.connections,
        plan.rounds,
        plan.span,
    )?;
    let mut comparisons = Vec::new();
    for scenario in arguments.scenarios() {
        let rounds = round::run(&plan, scenario, &upstream, &mut running).await?;
        let comparison = Comparison::new(scenario, &rounds);
        writeln!(out, "{comparison}")?;
        comparisons.push(comparison.to_json());
    }
    let report = json!({
        "envoy": version,
        "connections": arguments.connections,
        "rounds": plan.rounds,
        "seconds": plan.span.as_secs_f64(),
        "scenarios": comparisons,
    });
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let path = paddock_local::root().join(target).join("bench.json");
    std::fs::write(&path, format!("{report:#}\n"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(out, "All figures: {}", path.display())?;
    Ok(())
}
