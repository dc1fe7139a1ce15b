//! `paddock backup`: a copy of the database while the service runs.

use crate::database::{Database, block_on};
use crate::exit::Exit;
use crate::{output, private_file};
use anyhow::{Context, bail};
use paddock_ledger::store::backup;
use paddock_server::config::file::ConfigFile;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The file to create. It must not exist yet.
    file: PathBuf,
    #[command(flatten)]
    database: Database,
}

/// Copies the database and checks the copy.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let url = options.database.url(file)?;
    if backup::is_postgres(url.expose()) {
        bail!(
            "this command backs up SQLite only. For PostgreSQL use its own tool: \
             pg_dump --format=custom --file={} \"$PADDOCK_DATABASE_URL\"",
            options.file.display()
        );
    }
    // Created first, so that nobody else can ever read it and no file is overwritten.
    drop(private_file::create(&options.file)?);
    if let Err(error) = block_on(backup::sqlite(url.expose(), &options.file)) {
        // It is this command's own, and not a backup.
        let _ = std::fs::remove_file(&options.file);
        return Err(error).context("the backup failed");
    }
    let size = std::fs::metadata(&options.file)?.len();
    output::print(&format!(
        "{} is a complete copy of the database ({size} bytes). Its integrity was checked.\n\
         To restore it, stop the service, replace the database with it, and delete the old files \
         that end in -wal and -shm.",
        options.file.display()
    ))?;
    Ok(Exit::Done)
}
