//! `paddock verify`: every sum recomputed from the events, and the audit proven.

use super::database::Database;
use super::output::{self, Output};
use crate::exit::Exit;
use anyhow::{Context, bail};
use paddock_ledger::store::Store;
use paddock_server::config::file::ConfigFile;
use paddock_server::verify::{report, to_json};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    database: Database,
    /// Output format: one JSON value at the end, or lines as differences are found.
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
}

/// Compares, beside a running service, and prints what is not as it was booked.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let url = options.database.url(file)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let store = Store::open_existing(url.expose())
            .await
            .context("cannot open the database of --database-url (PADDOCK_DATABASE_URL)")?;
        if !store.is_ready().await.unwrap_or(false) {
            bail!("the database is of another version: start this version's service on it first");
        }
        let is_right = match options.output {
            Output::Table => report(&store, &mut std::io::stdout()).await?,
            Output::Json => {
                let (found, is_right) = to_json(&store).await?;
                output::print_json(&found)?;
                is_right
            }
        };
        store.close().await;
        Ok(if is_right { Exit::Done } else { Exit::NotRight })
    })
}
