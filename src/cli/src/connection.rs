//! Where the service is, and with which key to call it.

use crate::client::Client;
use crate::contexts::{self, Contexts};
use crate::output::{Output, print};
use anyhow::{Context, bail};
use paddock_ledger::model::secret::Secret;
use paddock_server::config::file::ConfigFile;
use serde_json::Value;
use std::path::{Path, PathBuf};

const DEFAULT_URL: &str = "http://127.0.0.1:10080";
const HEADING: &str = "Connection";
const ADMIN_KEY: &str = "PADDOCK_ADMIN_KEY";
const OWN_KEY: &str = "PADDOCK_KEY";
const GATEWAY_TOKEN: &str = "PADDOCK_GATEWAY_TOKEN";

/// Whose secret a client shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallsAs {
    /// The operator's, or a key's holder.
    Operator,
    /// A gateway.
    Gateway,
}

/// The options of every command that calls the service.
#[derive(Debug, clap::Args)]
pub struct Connection {
    /// URL of the service, or of the Envoy in front of it [default: client.url of the configuration
    /// file, or http://127.0.0.1:10080].
    #[arg(long, env = "PADDOCK_URL", help_heading = HEADING)]
    url: Option<String>,
    /// A file with the API key [default: PADDOCK_ADMIN_KEY, PADDOCK_KEY, or client.key_file of the configuration
    /// file].
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    key_file: Option<PathBuf>,
    /// The service and the key of this context, which `paddock login` made [default: the current one, if no
    /// address and no key are given in another way].
    #[arg(long, env = "PADDOCK_CONTEXT", value_name = "NAME", help_heading = HEADING)]
    context: Option<String>,
    /// A PEM file of certificate authorities to trust instead of the public ones [default:
    /// client.ca_certificate of the configuration file].
    #[arg(long, env = "PADDOCK_CA_CERTIFICATE", value_name = "FILE", help_heading = HEADING)]
    ca_certificate: Option<PathBuf>,
    /// Output format.
    #[arg(long, short, value_enum, default_value = "table")]
    pub output: Output,
}

impl Connection {
    /// The client, with the operator's key or another's, for a command that prints one answer.
    pub fn open(&self, file: &ConfigFile) -> anyhow::Result<Client> {
        self.output.must_fit_one_answer()?;
        self.open_for_lists(file)
    }

    /// The client, with the operator's key or another's, for a command that prints lists in any form.
    pub fn open_for_lists(&self, file: &ConfigFile) -> anyhow::Result<Client> {
        if let Some(name) = &self.context {
            return self.client_of_context(&Contexts::read()?, name);
        }
        if let Some(key) = self.key(file, &[ADMIN_KEY, OWN_KEY])? {
            return self.client(file, key);
        }
        // The key of a context is shown to no other service.
        if self.url.is_none() && file.client.url.is_none() {
            let contexts = Contexts::read()?;
            if let Some(name) = &contexts.current {
                return self.client_of_context(&contexts, name);
            }
        }
        bail!(
            "no API key: set PADDOCK_KEY to yours, or PADDOCK_ADMIN_KEY to the operator's, name a file that \
             holds the key with --key-file, or keep one with `paddock login`"
        )
    }

    fn client_of_context(&self, known: &Contexts, name: &str) -> anyhow::Result<Client> {
        if self.url.is_some() || self.key_file.is_some() {
            bail!(
                "the context '{name}' has an address and a key: leave out --url, PADDOCK_URL and --key-file"
            );
        }
        let target = known.named(name)?;
        let path = contexts::key_file(name)?;
        let source = format!("the context '{name}'");
        let authorities = self
            .ca_certificate
            .as_ref()
            .or(target.ca_certificate.as_ref());
        Client::new(
            target.url.clone(),
            read(&path)?,
            source,
            authorities.map(PathBuf::as_path),
        )
    }

    /// A service's URL without what stands behind its host and port.
    pub fn base(url: &str) -> anyhow::Result<String> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("the service's URL '{url}' must begin with http:// or https://");
        }
        Ok(url.trim_end_matches('/').trim_end_matches("/v1").to_owned())
    }

    /// The client of what a gateway may do as well as the operator, and as whom it calls: as a gateway with
    /// the token in `token_file`; else as the operator, if there is a key; else with the token in
    /// PADDOCK_GATEWAY_TOKEN.
    pub fn open_as_gateway(
        &self,
        file: &ConfigFile,
        token_file: Option<&Path>,
    ) -> anyhow::Result<(Client, CallsAs)> {
        self.output.must_fit_one_answer()?;
        if let Some(path) = token_file {
            let token = (read(path)?, path.display().to_string());
            return Ok((self.client(file, token)?, CallsAs::Gateway));
        }
        if let Some(key) = self.key(file, &[ADMIN_KEY])? {
            return Ok((self.client(file, key)?, CallsAs::Operator));
        }
        match from_environment(GATEWAY_TOKEN) {
            Some(token) => Ok((self.client(file, token)?, CallsAs::Gateway)),
            None => bail!(
                "no gateway's token and no API key: set PADDOCK_GATEWAY_TOKEN or PADDOCK_ADMIN_KEY, or name a \
                 file with --gateway-token-file or --key-file"
            ),
        }
    }

    fn client(&self, file: &ConfigFile, key: (Secret, String)) -> anyhow::Result<Client> {
        let client = &file.client;
        let url = self.url.as_ref().or(client.url.as_ref());
        let url = url.map_or(DEFAULT_URL, String::as_str);
        let authorities = self.ca_certificate.as_ref();
        let authorities = authorities.or(client.ca_certificate.as_ref());
        let (key, source) = key;
        Client::new(
            Connection::base(url)?,
            key,
            source,
            authorities.map(PathBuf::as_path),
        )
    }

    /// Prints an answer: as it is for programs, or as `shown` makes it for people.
    pub fn print(
        &self,
        answer: &Value,
        shown: impl FnOnce(&Value) -> String,
    ) -> anyhow::Result<()> {
        match self.output.is_table() {
            true => print(&shown(answer)),
            false => self.output.print_value(answer),
        }
    }

    /// The key, of a file or one of these variables, and where it is from.
    fn key(
        &self,
        file: &ConfigFile,
        variables: &[&str],
    ) -> anyhow::Result<Option<(Secret, String)>> {
        if let Some(path) = &self.key_file {
            return Ok(Some((read(path)?, path.display().to_string())));
        }
        let mut variables = variables.iter();
        if let Some(key) = variables.find_map(|name| from_environment(name)) {
            return Ok(Some(key));
        }
        let path = file.client.key_file.as_ref();
        path.map(|path| Ok((read(path)?, path.display().to_string())))
            .transpose()
    }
}

/// A secret in the environment, and the variable's name.
fn from_environment(name: &str) -> Option<(Secret, String)> {
    let value = std::env::var(name).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| (Secret::from(value.to_owned()), name.to_owned()))
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
