//! `paddock keys`: what is done to one key.

use super::client::{Client, escape};
use super::connection::Connection;
use super::output::{self, Output, cell};
use crate::exit::Exit;
use crate::private_file;
use anyhow::{Context, bail};
use clap::Subcommand;
use paddock_server::config::file::ConfigFile;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a key. Its secret is shown once.
    Create(Box<Create>),
    /// Create a new secret for a key, shown once. The old one works until it expires.
    Rotate {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        secret: SecretFile,
        /// Days until the old secret expires.
        #[arg(long, default_value_t = 90, value_name = "DAYS")]
        expires_in: u64,
    },
    /// Disable a key. Every gateway refuses it within two seconds.
    Disable(Which),
    /// Enable a disabled key.
    Enable(Which),
}

#[derive(Debug, clap::Args)]
struct Which {
    #[command(flatten)]
    connection: Connection,
    /// The key: its id, or NAMESPACE/NAME.
    key: String,
}

#[derive(Debug, clap::Args)]
struct SecretFile {
    /// Write the secret to this new file, with mode 0600, instead of printing it.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct Create {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    secret: SecretFile,
    /// The key's name.
    name: String,
    /// Its namespace. Without it, a namespace of the key's name is created, without limits.
    #[arg(long)]
    namespace: Option<String>,
    /// admin, developer, analyst or viewer.
    #[arg(long)]
    role: Option<String>,
    /// The member it belongs to. Its role is never wider than the member's.
    #[arg(long, value_name = "USER")]
    user_id: Option<String>,
    /// A cap in dollars for each calendar month (UTC).
    #[arg(long)]
    monthly_quota_usd: Option<f64>,
    /// A cap in dollars for each calendar day (UTC).
    #[arg(long)]
    daily_quota_usd: Option<f64>,
    /// Requests a minute.
    #[arg(long)]
    rpm: Option<u64>,
    /// Tokens a minute.
    #[arg(long)]
    tpm: Option<u64>,
    /// Requests under way at once.
    #[arg(long)]
    max_concurrency: Option<u64>,
    /// A model the key may use; repeatable [default: all of the namespace's].
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// A scope that narrows the role, such as chat:create; repeatable.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Days until it expires [default: never].
    #[arg(long, value_name = "DAYS")]
    expires_in: Option<u64>,
}

/// Does it.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    match &options.action {
        Action::Create(create) => {
            let client = create.connection.open(file)?;
            make(&create.secret, create.connection.output, || {
                client.send("POST", "/v1/keys", &create.body())
            })
        }
        Action::Rotate {
            which,
            secret,
            expires_in,
        } => {
            let client = which.connection.open(file)?;
            let path = path(&find(&client, &which.key)?, "rotate");
            make(secret, which.connection.output, || {
                client.send("POST", &path, &json!({ "expires_in": expires_in }))
            })
        }
        Action::Disable(which) => switch(which, "disable", file),
        Action::Enable(which) => switch(which, "enable", file),
    }
}

impl Create {
    fn body(&self) -> Value {
        let mut body = Map::new();
        let some_list = |list: &Vec<String>| (!list.is_empty()).then(|| json!(list));
        let fields = [
            ("name", Some(json!(self.name))),
            ("namespace", self.namespace.as_ref().map(|text| json!(text))),
            ("role", self.role.as_ref().map(|text| json!(text))),
            ("user_id", self.user_id.as_ref().map(|text| json!(text))),
            (
                "monthly_quota_usd",
                self.monthly_quota_usd.map(|number| json!(number)),
            ),
            (
                "daily_quota_usd",
                self.daily_quota_usd.map(|number| json!(number)),
            ),
            (
                "rate_limit_per_minute",
                self.rpm.map(|number| json!(number)),
            ),
            ("tokens_per_minute", self.tpm.map(|number| json!(number))),
            (
                "max_concurrency",
                self.max_concurrency.map(|number| json!(number)),
            ),
            ("allowed_models", some_list(&self.models)),
            ("scopes", some_list(&self.scopes)),
            ("expires_in", self.expires_in.map(|number| json!(number))),
        ];
        for (name, value) in fields {
            body.extend(value.map(|value| (name.to_owned(), value)));
        }
        Value::Object(body)
    }
}

/// Makes a secret and hands it out. The file is there before the secret is.
fn make(
    secret: &SecretFile,
    form: Output,
    ask: impl FnOnce() -> anyhow::Result<Value>,
) -> anyhow::Result<Exit> {
    let file = match &secret.secret_file {
        Some(path) => Some((path, private_file::create(path)?)),
        None => None,
    };
    let made = ask();
    let mut made = match (made, &file) {
        (Err(error), Some((path, _))) => {
            // It is empty, and this command's own.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        (made, _) => made?,
    };
    let fields = made
        .as_object_mut()
        .context("the service's answer is not an object")?;
    let plain = fields.get("key").and_then(Value::as_str).map(str::to_owned);
    let plain = plain.context("the service's answer has no key")?;
    if let Some((path, mut file)) = file {
        writeln!(file, "{plain}")
            .and_then(|()| file.sync_all())
            .with_context(|| {
                format!(
                    "the secret could not be written to {}: rotate the key",
                    path.display()
                )
            })?;
        fields.remove("key");
        fields.remove("primary");
        fields.insert("secret_file".to_owned(), json!(path));
    }
    if form == Output::Json {
        output::print_json(&made)?;
        return Ok(Exit::Done);
    }
    let field = |name: &str| cell(made.get(name).unwrap_or(&Value::Null));
    let place = match &secret.secret_file {
        Some(path) => format!("Its secret is in {}.", path.display()),
        None => format!("{plain}\nThis is the only time it is shown."),
    };
    let older = match made.get("secondary_expires_at").and_then(Value::as_str) {
        Some(until) => format!("\nThe old secret works until {until}."),
        None => String::new(),
    };
    output::print(&format!(
        "Key {} ({}/{})\n{place}{older}",
        field("id"),
        field("namespace"),
        field("name")
    ))?;
    Ok(Exit::Done)
}

fn switch(which: &Which, verb: &str, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = which.connection.open(file)?;
    let key = find(&client, &which.key)?;
    let answer = client.send("POST", &path(&key, verb), &json!({}))?;
    match which.connection.output {
        Output::Json => output::print_json(&answer)?,
        Output::Table => {
            let field = |name: &str| cell(key.get(name).unwrap_or(&Value::Null));
            let (namespace, name) = (field("namespace"), field("name"));
            output::print(&format!(
                "Key {} ({namespace}/{name}) is {verb}d.",
                field("id")
            ))?;
        }
    }
    Ok(Exit::Done)
}

fn path(key: &Value, verb: &str) -> String {
    let id = key.get("id").and_then(Value::as_str).unwrap_or_default();
    format!("/v1/keys/{}/{verb}", escape(id))
}

/// The key of an id, or of `NAMESPACE/NAME`.
///
/// # Errors
/// Where there is none.
pub fn find(client: &Client, which: &str) -> anyhow::Result<Value> {
    let Some((namespace, name)) = which.split_once('/') else {
        return client.get(&format!("/v1/keys/{}", escape(which)));
    };
    let keys = client.list(&format!("/v1/keys?namespace={}", escape(namespace)))?;
    let mut keys = keys.into_iter();
    match keys.find(|key| key.get("name").and_then(Value::as_str) == Some(name)) {
        Some(key) => Ok(key),
        None => bail!(
            "there is no key '{name}' in the namespace '{namespace}': `paddock get keys \
             --namespace {namespace}` lists them"
        ),
    }
}
