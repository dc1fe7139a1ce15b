//! An adversary that tries to spend more than a gateway's cap.
//!
//! It plays the clients and the provider behind the gateway, and compares what that provider bills
//! with the cap. `tests/captest/README.md` says how any gateway is put to it; without `--base-url` it
//! starts Paddock and fails where anything goes over.

mod gateway;
mod kinds;
mod price;
mod spend;

use anyhow::{Context, ensure};
use clap::{Parser, ValueEnum};
use gateway::{Gateway, Keys};
use kinds::Kind;
use paddock_tests::upstream::Upstream;
use price::Prices;
use spend::{dollars, over, spend};
use std::io::Write;
use std::path::PathBuf;

/// Tries to spend more than a gateway's cap.
#[derive(Parser)]
struct Arguments {
    /// The gateway's address with /v1, as an OpenAI client is given it; without it Paddock is started.
    #[arg(long, requires = "upstream_port")]
    base_url: Option<String>,
    /// A key with the cap. All kinds share its cap, so that later ones have what is left of it.
    #[arg(long, conflicts_with = "key_command")]
    key: Option<String>,
    /// A command that makes a key with a fresh cap and prints it: run for each kind, with the cap in
    /// $CAPTEST_CAP_USD and the kind in $CAPTEST_KIND.
    #[arg(long)]
    key_command: Option<String>,
    /// A cheap and a dear model, as the gateway calls them.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "captest-cheap,captest-dear"
    )]
    models: Vec<String>,
    /// What the upstream bills, as JSON; see tests/captest/prices.json.
    #[arg(long)]
    prices: Option<PathBuf>,
    /// The cap, in dollars.
    #[arg(long, default_value_t = 0.5)]
    cap_usd: f64,
    /// The port of the upstream, which is the gateway's provider; any free one if Paddock is started.
    #[arg(long)]
    upstream_port: Option<u16>,
    /// Which kinds are tried.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Kind::value_variants().to_vec())]
    kinds: Vec<Kind>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut out = std::io::stdout();
    let prices = Prices::read(arguments.prices.as_deref())?;
    let models: [String; 2] = (arguments.models.clone().try_into())
        .map_err(|models| anyhow::anyhow!("--models must be two, not {models:?}"))?;
    let upstream = Upstream::start(arguments.upstream_port.unwrap_or(0)).await?;
    let gateway = match &arguments.base_url {
        Some(base_url) => Gateway::Given {
            base_url: base_url.trim_end_matches('/').to_owned(),
            keys: match (&arguments.key, &arguments.key_command) {
                (Some(key), _) => Keys::One(key.clone()),
                (None, command) => Keys::Made(command.clone().context("give --key")?),
            },
        },
        None => Gateway::paddock(&upstream, &prices).await?,
    };
    let cap = (arguments.cap_usd * 1e9).round() as u64;
    writeln!(
        out,
        "upstream at {}, a cap of {}",
        upstream.url(),
        dollars(cap)
    )?;
    writeln!(
        out,
        "{:<12} {:>5} {:>11} {:>10} {:>10} {:>10}  statuses",
        "kind", "asked", "let through", "billed", "booked", "over"
    )?;
    let (mut before, mut failures) = (0u64, Vec::new());
    for kind in &arguments.kinds {
        let (key, fresh) = gateway.key(*kind, arguments.cap_usd).await?;
        if fresh {
            before = 0;
        }
        let attempts = kind.attempts(&models, &prices)?;
        let spent = spend(&gateway, &upstream, &attempts, &key).await?;
        let booked = gateway.booked(*kind).await?;
        let booked = booked.map_or("-".to_owned(), |nanos| {
            dollars(u64::try_from(nanos).unwrap_or(0))
        });
        let excess = over(cap, before, spent.billed);
        before = before.saturating_add(spent.billed);
        writeln!(
            out,
            "{:<12} {:>5} {:>11} {:>10} {:>10} {:>10}  {}",
            kind.name(),
            spent.asked,
            spent.let_through,
            dollars(spent.billed),
            booked,
            dollars(excess),
            statuses(&spent.statuses)
        )?;
        match kind.honest_limit() {
            Some(limit) if excess > 0 => writeln!(out, "{:<12} {limit}", "")?,
            None if excess > 0 => failures.push(kind.name()),
            _ => {}
        }
    }
    ensure!(
        failures.is_empty(),
        "over the cap by {}",
        failures.join(", ")
    );
    writeln!(out, "nothing went over the cap")?;
    Ok(())
}

/// As in "200: 11, 402: 69".
fn statuses(statuses: &std::collections::BTreeMap<u16, usize>) -> String {
    let each = statuses.iter().map(|(status, count)| match status {
        0 => format!("left: {count}"),
        _ => format!("{status}: {count}"),
    });
    each.collect::<Vec<_>>().join(", ")
}
