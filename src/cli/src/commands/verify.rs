//! `paddock verify`: recomputes all totals from the recorded calls and checks the audit log.

use crate::database::{Database, block_on};
use crate::exit::Exit;
use crate::output::Output;
use anyhow::{Context, bail};
use paddock_ledger::store::Store;
use paddock_server::config::file::ConfigFile;
use paddock_server::verify::{report, to_json};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    database: Database,
    /// Output format: lines as problems are found, or JSON or YAML at the end.
    #[arg(long, short, value_enum, default_value = "table")]
    output: Output,
}

/// Compares totals and calls, also while the service runs, and prints every difference.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    options.output.must_fit_one_answer()?;
    let url = options.database.url(file)?;
    block_on(async {
        let store = Store::open_existing(url.expose())
            .await
            .context("cannot open the database of --database-url (PADDOCK_DATABASE_URL)")?;
        if !store.is_ready().await.unwrap_or(false) {
            bail!(
                "the database has another version. Start the service of this version once to migrate it"
            );
        }
        let is_right = if options.output.is_table() {
            report(&store, &mut std::io::stdout()).await?
        } else {
            let (found, is_right) = to_json(&store).await?;
            options.output.print_value(&found)?;
            is_right
        };
        store.close().await;
        Ok(if is_right { Exit::Done } else { Exit::Problems })
    })
}
