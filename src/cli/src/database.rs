//! The database, for commands that open it themselves.

use anyhow::Context;
use paddock_ledger::model::secret::Secret;
use paddock_server::config::file::ConfigFile;
use paddock_server::config::secret;
use std::path::PathBuf;

/// The options of commands that open the database. If none is given, it is the database that
/// `paddock serve` would open.
#[derive(Debug, clap::Args)]
pub struct Database {
    /// URL of the database [default: the configuration file's, or paddock.db].
    #[arg(
        long,
        env = "PADDOCK_DATABASE_URL",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    database_url: Option<Secret>,
    /// A file that holds the URL of the database, instead of --database-url.
    #[arg(
        long,
        env = "PADDOCK_DATABASE_URL_FILE",
        conflicts_with = "database_url"
    )]
    database_url_file: Option<PathBuf>,
}

impl Database {
    /// The URL of the database.
    pub fn url(&self, file: &ConfigFile) -> anyhow::Result<Secret> {
        if let Some(url) = &self.database_url {
            return Ok(url.clone());
        }
        if let Some(path) = &self.database_url_file {
            return secret::read(path);
        }
        let setting = |name: &str| file.serve.get(name).and_then(toml::Value::as_str);
        if let Some(path) = setting("database_url_file") {
            return secret::read(&file.resolve(path));
        }
        let url = setting("database_url").unwrap_or("paddock.db");
        Ok(Secret::from(url.to_owned()))
    }
}

/// Runs what uses the database to its end.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(work)
}
