//! What the ledger takes: events a second on each database, and how long reports take over the
//! rollups of a hundred million events.
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
mod server;
mod traffic;

use anyhow::{Context, ensure};
use clap::Parser;
use population::Population;
use server::{Kind, Server};
use std::io::Write;
use std::time::Duration;

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
    /// Gateways that send at once.
    #[arg(long, default_value_t = 8)]
    gateways: u8,
    /// How long they send.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// How many events' worth of sums reports are measured over.
    #[arg(long, default_value_t = 100_000_000)]
    events: u64,
    /// How often each report is asked for.
    #[arg(long, default_value_t = 50)]
    times: usize,
    /// A look in a minute: two seconds, a tenth of the keys, a hundredth of the events.
    #[arg(long)]
    quick: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.gateways > 0, "--gateways must be at least 1");
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
    for kind in &arguments.databases {
        let server = Server::start(*kind).await?;
        let keys = booking::settle(&server, &population).await?;
        let seen = booking::measure(&server, &population, &keys, arguments.gateways, span).await?;
        writeln!(out, "{}\n{seen}\n", booking::HEAD)?;
        // A server of its own: of this one, the hours just booked would be filled twice.
        drop(server);
        let server = Server::start(*kind).await?;
        let keys = booking::settle(&server, &population).await?;
        let (events, times) = match arguments.quick {
            true => (arguments.events / 100, arguments.times.min(5)),
            false => (arguments.events, arguments.times),
        };
        let made = history::fill(&server, &population, &keys, events).await?;
        booking::some(&server, &population, &keys).await?;
        writeln!(
            out,
            "{}, sums of {events} events in {} days: {} rollups and {} other rows\n{}",
            kind.name(),
            history::DAYS,
            made.rollups,
            made.others,
            reports::HEAD
        )?;
        for report in reports::measure(&server, &population, &keys, times).await? {
            writeln!(out, "{report}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
