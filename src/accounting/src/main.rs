//! The `paddock` command.

use anyhow::Context;
use clap::{Parser, Subcommand};
use paddock_accounting::config::ServeOptions;
use paddock_accounting::serve;

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
}

fn main() -> anyhow::Result<()> {
    let Command::Serve(options) = Cli::parse().command;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .context("cannot start the runtime")?
        .block_on(serve::run(*options))
}
