//! The `paddock` command.

use anyhow::Context;
use clap::{Parser, Subcommand};
use paddock_accounting::config::ServeOptions;
use paddock_accounting::serve;
use paddock_accounting::verify::{self, VerifyOptions};
use std::process::ExitCode;

/// Keys, limits, budgets and metering for shared LLM providers.
#[derive(Debug, Parser)]
#[command(name = "paddock", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the accounting service.
    Serve(Box<ServeOptions>),
    /// Prove that spend and sums are those of the booked calls, and that nobody altered the audit.
    Verify(VerifyOptions),
}

fn main() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("cannot start the runtime")?;
    match Cli::parse().command {
        Command::Serve(options) => {
            runtime.block_on(serve::run(*options))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify(options) => runtime.block_on(verify::run(&options)),
    }
}
