//! `paddock prices`: prices from public price lists.

mod catalog;
mod genai;
mod import;
mod list;
mod listed;
mod litellm;
mod own;

use crate::exit::Exit;
use clap::Subcommand;
use paddock_server::config::file::ConfigFile;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Compare the catalog with a price list, show the differences, and import them.
    #[command(after_help = "Examples:
  paddock prices import model_prices_and_context_window.json --dry-run
  paddock prices import data.json --map gpt-4.1=openai/gpt-4.1 --add o9=openai --yes
  paddock prices import list.json --add-provider mistral=mistral --only 'mistral-*'
  paddock prices import --catalog")]
    Import(Box<import::Options>),
    /// Make a catalog from price lists: the one that Paddock comes with is made so.
    #[command(after_help = "Example:
  paddock prices catalog list.json data.json --source 'LiteLLM 1.110' --add-provider openai=openai \\
    --map claude-sonnet-4.5=claude-sonnet-4-5 > catalog.json")]
    Catalog(catalog::Options),
}

/// Does it.
pub fn run(action: &Action, file: &ConfigFile) -> anyhow::Result<Exit> {
    match action {
        Action::Import(options) => import::run(options, file),
        Action::Catalog(options) => catalog::run(options),
    }
}
