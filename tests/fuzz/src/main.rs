//! `make fuzz`: gives every target inputs for long.

use anyhow::ensure;
use clap::Parser;
use paddock_fuzz::{TARGETS, run};
use std::io::Write;
use std::time::Duration;

/// Gives what reads strangers' bytes inputs that nobody thought of.
#[derive(Parser)]
struct Arguments {
    /// So long for each target.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// This target alone.
    #[arg(long)]
    target: Option<String>,
    /// What the inputs are drawn from; a run of the same seed tries the same.
    #[arg(long, default_value_t = rand::random())]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let is_wanted = |name: &str| {
        arguments
            .target
            .as_deref()
            .is_none_or(|wanted| wanted == name)
    };
    ensure!(
        TARGETS.iter().any(|target| is_wanted(target.name)),
        "there is no such target"
    );
    let mut out = std::io::stdout();
    for target in TARGETS.iter().filter(|target| is_wanted(target.name)) {
        let count = run::run(
            target,
            Duration::from_secs(arguments.seconds),
            arguments.seed,
        )?;
        writeln!(
            out,
            "{}: {count} inputs, seed {}",
            target.name, arguments.seed
        )?;
    }
    Ok(())
}
