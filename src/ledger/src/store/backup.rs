//! A copy of a SQLite database that is in use.

use super::sqlite_options;
use anyhow::{Context, bail};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

/// Whether a database's URL is PostgreSQL's.
pub fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Copies the database at `url` into `file`, which must not be there or be empty, as it is at one
/// moment: readers and writers go on. <https://www.sqlite.org/lang_vacuum.html#vacuuminto>
///
/// # Errors
/// If the database does not exist, or the copy cannot be written or is not whole.
pub async fn sqlite(url: &str, file: &Path) -> anyhow::Result<()> {
    let path = file.to_str().context("the file's name is not UTF-8")?;
    let options = sqlite_options(url)?.read_only(true);
    let mut source = options
        .connect()
        .await
        .context("cannot open the database")?;
    sqlx::query("VACUUM INTO ?")
        .bind(path)
        .execute(&mut source)
        .await?;
    source.close().await?;
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut copy = options.connect().await.context("cannot open the copy")?;
    let (answer,): (String,) = sqlx::query_as("PRAGMA integrity_check")
        .fetch_one(&mut copy)
        .await?;
    copy.close().await?;
    if answer != "ok" {
        bail!("the copy is not whole: {answer}");
    }
    std::fs::File::open(file)?.sync_all()?;
    Ok(())
}
