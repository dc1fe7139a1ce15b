//! `paddock prices`: prices from public lists.

mod genai;
mod import;
mod listed;
mod litellm;

use crate::exit::Exit;
use clap::Subcommand;
use paddock_server::config::file::ConfigFile;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Compare the catalog with a price list, show the differences, and apply them.
    Import(import::Options),
}

/// Does it.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let Action::Import(options) = &options.action;
    import::run(options, file)
}
