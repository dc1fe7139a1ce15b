//! What a tenant that runs into its limits does to its neighbours.
//!
//! Nine tenants ask at a steady pace, each by itself within its limits. A tenth asks fifty times
//! as often as it may (`over its rate`), far more than it can pay (`over its budget`), or is not there.
//! Phases follow each other in turn, so that noise of the machine meets all of them alike; how much
//! of it there is is told by the phases in which nobody is greedy.
//!
//! Fails where one of the nine is ever answered other than 200, or where their 99th percentile is in
//! the median of the greedy phases higher than in the worst of the quiet ones.

mod phase;

use anyhow::{Context, ensure};
use clap::Parser;
use paddock_local::{Stack, StackOptions};
use phase::{Greed, Phase, Tenants};
use std::io::Write;
use std::time::Duration;

/// Measures what a greedy tenant does to nine others.
#[derive(Parser)]
struct Arguments {
    /// Rounds, each of one phase of every kind.
    #[arg(long, default_value_t = 8)]
    rounds: usize,
    /// The length of a phase.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(
        arguments.rounds >= 4,
        "--rounds must be at least 4: noise is measured by rounds"
    );
    let span = Duration::try_from_secs_f64(arguments.seconds).context("--seconds is not a time")?;
    let stack = Stack::start(StackOptions::default()).await?;
    let tenants = Tenants::make(&stack).await?;
    tenants.run(Greed::None, span).await?;

    let mut phases: Vec<Vec<Phase>> = Greed::ALL.iter().map(|_| Vec::new()).collect();
    for round in 0..arguments.rounds {
        for position in 0..Greed::ALL.len() {
            let turn = round.saturating_add(position);
            let index = turn.checked_rem(Greed::ALL.len()).unwrap_or(0);
            if let (Some(greed), Some(kind)) = (Greed::ALL.get(index), phases.get_mut(index)) {
                kind.push(tenants.run(*greed, span).await?);
            }
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:<18}{:>10}{:>10}{:>10}{:>12}{:>14}",
        "the tenth", "requests", "p50", "p99", "not 200", "its refusals"
    )?;
    let mut merged = Vec::new();
    for (greed, kind) in Greed::ALL.iter().zip(&phases) {
        let all = Phase::merge(kind);
        writeln!(
            out,
            "{:<18}{:>10}{:>7.2} ms{:>7.2} ms{:>12}{:>14}",
            greed.name(),
            all.latencies.len(),
            all.percentile(50),
            all.percentile(99),
            all.failed,
            all.refused
        )?;
        merged.push(all);
    }
    let quiet = phases.first().context("no phases")?;
    let (typical, worst) = spread(quiet);
    writeln!(
        out,
        "\nnoise: the p99 of a quiet phase is {typical:.2} ms in the median and {worst:.2} ms in the worst"
    )?;
    let failed: usize = merged.iter().map(|phase| phase.failed).sum();
    ensure!(
        failed == 0,
        "{failed} requests of the nine were not answered 200"
    );
    for ((greed, kind), all) in Greed::ALL.iter().zip(&phases).zip(&merged).skip(1) {
        let (typical, _) = spread(kind);
        ensure!(all.refused > 0, "{}: it was never refused", greed.name());
        ensure!(
            typical <= worst,
            "{}: the p99 of the nine is {typical:.2} ms in the median, more than in any quiet phase",
            greed.name(),
        );
        writeln!(out, "{}: {typical:.2} ms in the median", greed.name())?;
    }
    writeln!(out, "the nine noticed nothing")?;
    Ok(())
}

/// The median and the largest of the phases' 99th percentiles.
fn spread(phases: &[Phase]) -> (f64, f64) {
    let mut each: Vec<f64> = phases.iter().map(|phase| phase.percentile(99)).collect();
    each.sort_by(f64::total_cmp);
    let median = each.get(each.len().saturating_sub(1).div_ceil(2));
    let worst = each.last();
    (
        median.copied().unwrap_or(f64::NAN),
        worst.copied().unwrap_or(f64::NAN),
    )
}
