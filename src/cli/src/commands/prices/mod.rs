//! `paddock prices`: prices from public price lists.

mod genai;
mod import;
mod listed;
mod litellm;

use crate::exit::Exit;
use clap::Subcommand;
use paddock_server::config::file::ConfigFile;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Compare the catalog with a price list, show the differences, and import them.
    #[command(after_help = "Examples:
  paddock prices import model_prices_and_context_window.json --dry-run
  paddock prices import data.json --map gpt-4.1=openai/gpt-4.1 --add o9=openai --yes")]
    Import(import::Options),
}

/// Does it.
pub fn run(action: &Action, file: &ConfigFile) -> anyhow::Result<Exit> {
    let Action::Import(options) = action;
    import::run(options, file)
}
