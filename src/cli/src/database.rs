//! Which database: for the commands that open it themselves.

use paddock_ledger::model::secret::Secret;
use paddock_server::config::file::ConfigFile;
use std::path::PathBuf;

/// The options of commands that open the database. Where none is given, it is the one that
/// `paddock serve` would open.
#[derive(Debug, clap::Args)]
pub struct Database {
    /// The database [default: that of the configuration file, then paddock.db].
    #[arg(
        long,
        env = "PADDOCK_DATABASE_URL",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::from(text.to_owned()))
    )]
    database_url: Option<Secret>,
    /// A file with the database's URL, instead.
    #[arg(
        long,
        env = "PADDOCK_DATABASE_URL_FILE",
        conflicts_with = "database_url"
    )]
    database_url_file: Option<PathBuf>,
}

impl Database {
    /// The database's URL.
    ///
    /// # Errors
    /// Where the file that holds it cannot be read.
    pub fn url(&self, file: &ConfigFile) -> anyhow::Result<Secret> {
        if let Some(url) = &self.database_url {
            return Ok(url.clone());
        }
        if let Some(path) = &self.database_url_file {
            return Secret::read(path);
        }
        let setting = |name: &str| file.serve.get(name).and_then(toml::Value::as_str);
        if let Some(path) = setting("database_url_file") {
            return Secret::read(&file.resolve(path));
        }
        let url = setting("database_url").unwrap_or("paddock.db");
        Ok(Secret::from(url.to_owned()))
    }
}
