//! The command line.

use crate::contender::Contender;
use crate::cpu::Cores;
use crate::round::Plan;
use crate::scenario::Scenario;
use crate::tenant::Keys;
use anyhow::{Context, ensure};
use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Compares Paddock with bare Envoy and what else could stand in its place.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Only these contenders, beside bare Envoy.
    #[arg(long, value_enum, value_delimiter = ',')]
    contenders: Vec<Contender>,
    /// Only these scenarios.
    #[arg(long, value_enum, value_delimiter = ',')]
    scenarios: Vec<Scenario>,
    /// How often each contender is started.
    #[arg(long, default_value_t = 3)]
    starts: usize,
    /// Rounds of each start of a contender in each scenario.
    #[arg(long, default_value_t = 4)]
    rounds: usize,
    /// The length of a round.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Connections of the load, with one request at a time on each.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    /// Envoy's worker threads.
    #[arg(long, default_value_t = 1)]
    pub workers: u32,
    /// Keys in policy.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..10_000_000))]
    keys: u64,
    /// How many of them are used, in turn.
    #[arg(long, default_value_t = 1)]
    keys_in_use: u64,
    /// Another build of Paddock's filter, as a contender of its own.
    #[arg(long, value_name = "WASM")]
    pub other: Option<PathBuf>,
    /// How to print what came out.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// A look in a minute or two: one start, two rounds of half a second.
    #[arg(long, conflicts_with_all = ["starts", "rounds", "seconds"])]
    quick: bool,
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables, and JSON in `target/bench.json`.
    Table,
    /// JSON.
    Json,
}

impl Arguments {
    /// How long to load, how often.
    pub fn plan(&self) -> anyhow::Result<Plan> {
        let (starts, rounds, seconds) = match self.quick {
            true => (1, 2, 0.5),
            false => (self.starts, self.rounds, self.seconds),
        };
        ensure!(starts > 0, "--starts must be at least 1");
        ensure!(rounds > 0, "--rounds must be at least 1");
        ensure!(self.connections > 0, "--connections must be at least 1");
        let span = Duration::try_from_secs_f64(seconds).context("--seconds is not a time")?;
        Ok(Plan {
            starts,
            rounds,
            span,
            warm_up: span.min(Duration::from_millis(500)),
            pause: Duration::from_millis(250),
        })
    }

    /// How many keys there are.
    pub fn keys(&self) -> anyhow::Result<Keys> {
        let in_use = self.keys_in_use;
        ensure!(
            (1..=self.keys).contains(&in_use),
            "--keys-in-use must be from 1 to --keys"
        );
        Ok(Keys {
            all: self.keys,
            in_use,
        })
    }

    /// Whose cores are which.
    pub fn cores(&self) -> anyhow::Result<Cores> {
        let available = std::thread::available_parallelism()?.get();
        Cores::new(self.workers.try_into()?, available)
    }

    /// Those that take part: bare Envoy always, as the first.
    pub fn contenders(&self) -> Vec<Contender> {
        let mut all = Contender::all();
        let chosen = |contender: &Contender| {
            let asked = self.contenders.is_empty() || self.contenders.contains(contender);
            match contender {
                Contender::Bare => true,
                Contender::Other => self.other.is_some(),
                _ => asked,
            }
        };
        all.retain(chosen);
        all
    }

    /// Those that are run.
    pub fn scenarios(&self) -> Vec<Scenario> {
        match self.scenarios.as_slice() {
            [] => Scenario::ALL.to_vec(),
            chosen => chosen.to_vec(),
        }
    }
}
