//! Where the service is, and who asks.

use super::client::Client;
use super::output::Output;
use anyhow::{Context, bail};
use paddock_ledger::model::secret::Secret;
use paddock_server::config::file::ConfigFile;
use std::path::{Path, PathBuf};

const DEFAULT_URL: &str = "http://127.0.0.1:10080";

/// The options of every command that asks the service.
#[derive(Debug, clap::Args)]
pub struct Connection {
    /// The service's address, or that of the Envoy in front of it [default: client.url of the configuration file,
    /// then http://127.0.0.1:10080].
    #[arg(long, env = "PADDOCK_URL")]
    url: Option<String>,
    /// A file with the key to ask with. The environment's PADDOCK_ADMIN_KEY comes next, then
    /// client.key_file of the configuration file.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// A PEM file of certificate authorities to trust instead of the public ones
    /// [default: client.ca_certificate of the configuration file].
    #[arg(long, env = "PADDOCK_CA_CERTIFICATE", value_name = "FILE")]
    ca_certificate: Option<PathBuf>,
    /// Output format.
    #[arg(long, short, value_enum, default_value = "table")]
    pub output: Output,
}

impl Connection {
    /// The client.
    ///
    /// # Errors
    /// Where there is no key, or a file cannot be read.
    pub fn open(&self, file: &ConfigFile) -> anyhow::Result<Client> {
        let client = &file.client;
        let url = self.url.clone().or_else(|| client.url.clone());
        let url = url.unwrap_or_else(|| DEFAULT_URL.to_owned());
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("the service's URL '{url}' must begin with http:// or https://");
        }
        let authorities = self
            .ca_certificate
            .as_ref()
            .or(client.ca_certificate.as_ref());
        let (key, source) = self.key(file)?;
        Client::new(
            url.trim_end_matches('/').trim_end_matches("/v1").to_owned(),
            key,
            source,
            authorities.map(PathBuf::as_path),
        )
    }

    fn key(&self, file: &ConfigFile) -> anyhow::Result<(Secret, String)> {
        if let Some(path) = &self.key_file {
            return Ok((read(path)?, path.display().to_string()));
        }
        match std::env::var("PADDOCK_ADMIN_KEY") {
            Ok(key) if !key.trim().is_empty() => {
                let source = "PADDOCK_ADMIN_KEY".to_owned();
                return Ok((Secret::from(key.trim().to_owned()), source));
            }
            _ => {}
        }
        match &file.client.key_file {
            Some(path) => Ok((read(path)?, path.display().to_string())),
            None => bail!(
                "there is no key to ask the service with: set PADDOCK_ADMIN_KEY, or name a file \
                 that holds it with --key-file"
            ),
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the key in {}", path.display()))?;
    let key = text.trim();
    if key.is_empty() || key.contains(char::is_whitespace) {
        bail!("{} must hold one key and nothing else", path.display());
    }
    Ok(Secret::from(key.to_owned()))
}
