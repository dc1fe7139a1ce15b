//! `paddock backup`: a copy of the database while the service runs.

use super::database::Database;
use crate::exit::Exit;
use crate::{output, private_file};
use anyhow::{Context, bail};
use paddock_ledger::store::backup;
use paddock_server::config::file::ConfigFile;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The file to create. It must not exist.
    file: PathBuf,
    #[command(flatten)]
    database: Database,
}

/// Copies and checks the copy.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let url = options.database.url(file)?;
    if backup::is_postgres(url.expose()) {
        bail!(
            "this backs up SQLite. Of PostgreSQL take a backup with its own tool: \
             pg_dump --format=custom --file={} \"$PADDOCK_DATABASE_URL\"",
            options.file.display()
        );
    }
    // Made first, so that nobody else can ever read it, and never over another.
    drop(private_file::create(&options.file)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    if let Err(error) = runtime.block_on(backup::sqlite(url.expose(), &options.file)) {
        // It is this command's own, and no backup.
        let _ = std::fs::remove_file(&options.file);
        return Err(error).context("the backup failed");
    }
    let size = std::fs::metadata(&options.file)?.len();
    output::print(&format!(
        "{} holds the whole database ({size} bytes), and its integrity was checked.\n\
         To restore it, stop the service and put it in the database's place, without the files \
         that end in -wal and -shm.",
        options.file.display()
    ))?;
    Ok(Exit::Done)
}
