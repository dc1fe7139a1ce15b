//! What the ledger takes: events a second on each database, how long reports take over the rollups of a
//! hundred million events, and what it costs to drop what is too old.
//!
//! The real service, built with the same profile as this, on a SQLite file and on a PostgreSQL server
//! of its own, each with durable commits. Load, service and database share the machine, so
//! the CPU time an event is what to compare; throughput follows from it.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "counts of a benchmark; JSON answers its null where there is nothing"
)]

mod booking;
mod history;
mod population;
mod reports;
mod retention;
mod server;
mod traffic;

use anyhow::{Context, ensure};
use clap::Parser;
use population::Population;
use server::{Kind, Server};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Events a second.
    Booking,
    /// How long reports take.
    Reports,
    /// What dropping costs.
    Retention,
}

/// Measures the ledger.
#[derive(Parser)]
struct Arguments {
    /// Only these databases.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "sqlite,postgres"
    )]
    databases: Vec<Kind>,
    /// Only these parts.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "booking,reports,retention"
    )]
    parts: Vec<Part>,
    /// Gateways that send at once: one run each. Each has at most 1,000 events on their way, so
    /// that many events need many.
    #[arg(long, value_delimiter = ',', default_value = "8,64")]
    gateways: Vec<u8>,
    /// How long they send.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// How many events' worth of sums reports are measured over.
    #[arg(long, default_value_t = 100_000_000)]
    events: u64,
    /// How many events are booked to be dropped.
    #[arg(long, default_value_t = 500_000)]
    dropped: u64,
    /// How often each report is asked for.
    #[arg(long, default_value_t = 50)]
    times: usize,
    /// A look in a minute: two seconds, a tenth of the keys, a hundredth of the sums, a tenth
    /// of the events to be dropped.
    #[arg(long)]
    quick: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(
        arguments.gateways.iter().all(|count| *count > 0),
        "--gateways must be at least 1"
    );
    let seconds = if arguments.quick {
        2.0
    } else {
        arguments.seconds
    };
    let span = Duration::try_from_secs_f64(seconds).context("--seconds is not a time")?;
    let population = Population {
        organizations: 4,
        namespaces: if arguments.quick { 20 } else { 100 },
        keys: if arguments.quick { 5 } else { 10 },
        users: 50,
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} organizations, {} namespaces, {} keys, {} users a namespace, {} models\n",
        population.organizations,
        population.namespaces,
        population.all_keys(),
        population.users,
        population::MODELS.len(),
    )?;
    for kind in arguments.databases.iter().copied() {
        for part in arguments.parts.iter().copied() {
            let told = match part {
                Part::Booking => booking(kind, &arguments, &population, span).await?,
                Part::Reports => reports(kind, &arguments, &population).await?,
                Part::Retention => {
                    let dropped = arguments.dropped / if arguments.quick { 10 } else { 1 };
                    let seen = retention::measure(kind, &population, dropped).await?;
                    format!("{}\n{seen}", retention::HEAD)
                }
            };
            writeln!(out, "{told}\n")?;
        }
    }
    Ok(())
}

async fn booking(
    kind: Kind,
    arguments: &Arguments,
    population: &Population,
    span: Duration,
) -> anyhow::Result<String> {
    let mut told = booking::HEAD.to_owned();
    for gateways in &arguments.gateways {
        let server = Server::start(kind).await?;
        let keys = booking::settle(&server, population).await?;
        let seen = booking::measure(&server, population, &keys, *gateways, span).await?;
        write!(told, "\n{seen}")?;
    }
    Ok(told)
}

async fn reports(
    kind: Kind,
    arguments: &Arguments,
    population: &Population,
) -> anyhow::Result<String> {
    // A server of its own: of another, the hours just booked would be filled twice.
    let server = Server::start(kind).await?;
    let keys = booking::settle(&server, population).await?;
    let (events, times) = match arguments.quick {
        true => (arguments.events / 100, arguments.times.min(5)),
        false => (arguments.events, arguments.times),
    };
    let made = history::fill(&server, population, &keys, events).await?;
    booking::some(&server, population, &keys).await?;
    let mut told = format!(
        "{}, sums of {events} events in {} days: {} rollups and {} other rows\n{}",
        kind.name(),
        history::DAYS,
        made.rollups,
        made.others,
        reports::HEAD
    );
    for report in reports::measure(&server, population, &keys, times).await? {
        write!(told, "\n{report}")?;
    }
    Ok(told)
}
