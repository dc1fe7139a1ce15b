//! What Paddock costs beside bare Envoy and what else could stand in its place: Wasm filters that
//! decide nothing, a Lua filter, an external processor.
//!
//! Each has an Envoy of its own, and all of these run on the same cores, one for each worker; the
//! load, the provider, the external processor and the accounting services are on the others. Short
//! rounds of load go to one after the other, in rotating order, so that whatever else the machine
//! does meets all of them alike. The same contender started twice differs by up to 10 us a request
//! (the layout of addresses), so each is started several times.
//!
//! At full load each of 32 connections asks again as soon as it has its answer. So Envoy is busy all
//! the time, its CPU time a request is that of a busy Envoy, and the latencies are those of
//! saturation. At half load requests come at half the rate that the contender itself reached. CPU
//! time is the figure to compare; throughput and latency follow from it, as long as the column "busy"
//! says that Envoy was what limited them.
//!
//! An answer other than 200, and a request that is not in the ledger afterwards, end the run.
#![cfg_attr(test, allow(clippy::float_cmp))]

mod arguments;
mod contender;
mod cpu;
mod ext_proc;
mod figures;
mod filters;
mod http1;
mod load;
mod pace;
mod report;
mod round;
mod scenario;
mod tenant;
mod upstream;

use anyhow::Context;
use arguments::{Arguments, Format};
use clap::Parser;
use contender::{Contender, Running, Setup};
use report::{Comparison, Processes};
use round::{Plan, Rounds};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use upstream::Upstream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let plan = arguments.plan()?;
    let cores = arguments.cores()?;
    cpu::pin_self(&cores.others)?;
    let setup = Setup {
        cores,
        workers: arguments.workers,
        keys: arguments.keys()?,
        upstream: Upstream::start(arguments.connections).await?,
        ext_proc: ext_proc::start()?,
        floor: filters::build_floor()?,
        other: arguments.other.clone(),
    };
    let contenders = arguments.contenders();
    let scenarios = arguments.scenarios();
    let mut rounds: Vec<Vec<Rounds>> = Vec::new();
    let mut processes = Processes::default();
    let mut version = String::new();
    for number in 1..=plan.starts {
        eprintln!("start {number} of {}", plan.starts);
        let mut running = start(&contenders, &setup).await?;
        if let Some(bare) = running.first() {
            version = bare.envoy_version().await?;
        }
        let all = || vec![Rounds::default(); contenders.len()];
        rounds.resize_with(scenarios.len(), all);
        for (scenario, rounds) in scenarios.iter().zip(&mut rounds) {
            eprintln!("  {}", scenario.title());
            round::run(&plan, *scenario, &setup.upstream, &mut running, rounds).await?;
        }
        for contender in running {
            processes.add(&contender)?;
            contender.stop().await?;
        }
    }
    let comparisons: Vec<Comparison> = scenarios
        .iter()
        .zip(&rounds)
        .map(|(scenario, rounds)| Comparison::new(*scenario, &contenders, rounds, plan.rounds))
        .collect();
    report(
        &arguments,
        &plan,
        &setup,
        &version,
        &comparisons,
        &processes,
    )
}

/// Starts each contender.
async fn start(contenders: &[Contender], setup: &Setup) -> anyhow::Result<Vec<Running>> {
    let mut running = Vec::with_capacity(contenders.len());
    for contender in contenders {
        running.push(contender.start(setup).await?);
    }
    Ok(running)
}

fn report(
    arguments: &Arguments,
    plan: &Plan,
    setup: &Setup,
    version: &str,
    comparisons: &[Comparison],
    processes: &Processes,
) -> anyhow::Result<()> {
    let report = json!({
        "envoy": version,
        "workers": setup.workers,
        "keys": setup.keys.all,
        "keys_in_use": setup.keys.in_use,
        "connections": arguments.connections,
        "starts": plan.starts,
        "rounds": plan.rounds,
        "seconds": plan.span.as_secs_f64(),
        "scenarios": comparisons.iter().map(Comparison::to_json).collect::<Vec<_>>(),
        "processes": processes.to_json(),
    });
    let mut out = std::io::stdout().lock();
    if arguments.format == Format::Json {
        writeln!(out, "{report:#}")?;
        return Ok(());
    }
    writeln!(
        out,
        "Envoy {version}: {} workers on core {}, everything else on {}\n{} connections, {} of {} keys in use; {} starts of each, {} rounds of {:?} each\n",
        setup.workers,
        setup.cores.envoy,
        setup.cores.others,
        arguments.connections,
        setup.keys.in_use,
        setup.keys.all,
        plan.starts,
        plan.rounds,
        plan.span,
    )?;
    for comparison in comparisons {
        writeln!(out, "{comparison}")?;
    }
    writeln!(out, "{processes}")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let path = paddock_local::root().join(target).join("bench.json");
    std::fs::write(&path, format!("{report:#}\n"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(out, "All figures: {}", path.display())?;
    Ok(())
}
