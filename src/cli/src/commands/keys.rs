//! `paddock keys`: what is done to one key.

use crate::client::{Client, escape, field, text_of};
use crate::commands::delete::agreed;
use crate::completion;
use crate::connection::Connection;
use crate::exit::Exit;
use crate::kind::{Kind, Owner};
use crate::listing::{Arrangement, sheet};
use crate::output::cell;
use crate::private_file;
use anyhow::Context;
use clap::Subcommand;
use clap_complete::engine::ArgValueCompleter;
use paddock_server::config::file::ConfigFile;
use reqwest::Method;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// List keys, as `paddock get keys` does.
    #[command(after_help = "Examples:
  paddock keys list --namespace team-a
  paddock keys list --filter role=developer -o wide")]
    List(List),
    /// Show one key: its limits, and what it has spent.
    #[command(after_help = "Example:
  paddock keys show team-a/copywriter")]
    Show(Which),
    /// Create a key. Its secret is shown only once.
    #[command(after_help = "Examples:
  paddock keys create copywriter --namespace team-a --monthly-quota-usd 50 --quota-usd hourly=2
  paddock keys create ci --namespace team-a --model gpt-4.1-mini --secret-file ci.key")]
    Create(Box<Create>),
    /// Give a key a new secret, which is shown only once. The old secret works for a while longer.
    #[command(after_help = "Examples:
  paddock keys rotate team-a/copywriter --expires-in 7
  paddock keys rotate team-a/copywriter --expires-in 0")]
    Rotate {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        secret: SecretFile,
        /// Days until the old secret stops working; 0 is now.
        #[arg(long, default_value_t = 90, value_name = "DAYS")]
        expires_in: u64,
    },
    /// End the old secret of a rotated key now; gateways follow within seconds.
    Revoke(Which),
    /// Reject requests with a key; gateways follow within seconds.
    Disable(Which),
    /// Accept requests with a disabled key again.
    Enable(Which),
    /// Delete a key for good. What it used stays in every total.
    #[command(after_help = "Example:
  paddock keys delete team-a/copywriter --yes")]
    Delete {
        #[command(flatten)]
        which: Which,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, clap::Args)]
pub struct List {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    arrangement: Arrangement,
    /// Only keys of this namespace.
    #[arg(long, short, add = ArgValueCompleter::new(completion::namespaces))]
    namespace: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Which {
    #[command(flatten)]
    connection: Connection,
    /// The key: its id, or NAMESPACE/NAME.
    #[arg(add = ArgValueCompleter::new(completion::keys))]
    key: String,
}

#[derive(Debug, clap::Args)]
pub struct SecretFile {
    /// Write the secret to this new file with mode 0600 instead of printing it.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Create {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    secret: SecretFile,
    #[command(flatten)]
    body: Body,
}

/// A new key, as the API takes it.
#[derive(Debug, clap::Args, Serialize)]
struct Body {
    /// Name of the key, unique in its namespace.
    name: String,
    /// Namespace of the key. If it is left out, a namespace with the key's name is created, without
    /// a budget.
    #[arg(long, short, add = ArgValueCompleter::new(completion::namespaces))]
    namespace: Option<String>,
    /// admin, developer, analyst or viewer.
    #[arg(long)]
    role: Option<String>,
    /// The member of the namespace who owns the key; it never has more rights than they have.
    #[arg(long, value_name = "USER")]
    user_id: Option<String>,
    /// Budget in dollars for each calendar month.
    #[arg(long)]
    monthly_quota_usd: Option<f64>,
    /// Budget in dollars for each calendar day.
    #[arg(long)]
    daily_quota_usd: Option<f64>,
    /// Budget of another period: hourly, weekly, quarterly, total, or last_30_days with 2 to 366 days;
    /// repeat it for more.
    #[arg(long = "quota-usd", value_name = "PERIOD=DOLLARS", value_parser = quota)]
    #[serde(serialize_with = "as_map")]
    quotas_usd: Vec<(String, f64)>,
    /// Requests per minute.
    #[arg(long = "rpm", value_name = "REQUESTS")]
    rate_limit_per_minute: Option<u64>,
    /// Tokens per minute.
    #[arg(long = "tpm", value_name = "TOKENS")]
    tokens_per_minute: Option<u64>,
    /// Bytes of requests' bodies that each gateway reads per minute.
    #[arg(long, value_name = "BYTES")]
    bytes_per_minute: Option<u64>,
    /// Requests at the same time.
    #[arg(long)]
    max_concurrency: Option<u64>,
    /// A model the key may use; repeat it for more. All models of the namespace by default.
    #[arg(long = "model", value_name = "MODEL", add = ArgValueCompleter::new(completion::models))]
    allowed_models: Vec<String>,
    /// An endpoint scope the key may use, like chat:create; repeat it for more. All scopes of the
    /// role by default.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Days until the key expires; never by default.
    #[arg(long, value_name = "DAYS")]
    expires_in: Option<u64>,
}

/// Does it.
pub fn run(action: &Action, file: &ConfigFile) -> anyhow::Result<Exit> {
    match action {
        Action::List(list) => {
            let owner = Owner {
                namespace: list.namespace.as_deref(),
                organization: None,
            };
            let client = list.connection.open_for_lists(file)?;
            let all = Kind::Keys.all(&client, owner)?;
            list.arrangement
                .print(Kind::Keys, all, list.connection.output)?;
            Ok(Exit::Done)
        }
        Action::Show(which) => {
            let client = which.connection.open(file)?;
            let key = client.key(&which.key)?;
            let status = client.get(&path(&key, "status"))?;
            which.connection.print(&status, sheet)?;
            Ok(Exit::Done)
        }
        Action::Delete { which, yes } => {
            let client = which.connection.open(file)?;
            let key = client.key(&which.key)?;
            if !yes && !agreed(&format!("Delete {}?", name(&key)))? {
                return Ok(Exit::Differences);
            }
            let own = format!("/v1/keys/{}", escape(text_of(&key, "id")));
            let answer = client.send(Method::DELETE, &own, &json!({}))?;
            which
                .connection
                .print(&answer, |_| format!("{} is deleted.", name(&key)))?;
            Ok(Exit::Done)
        }
        Action::Create(create) => {
            let client = create.connection.open(file)?;
            let body = without_absent(&create.body)?;
            let ask = || client.send(Method::POST, "/v1/keys", &body);
            hand_out(&create.secret, &create.connection, ask)
        }
        Action::Rotate {
            which,
            secret,
            expires_in,
        } => {
            let client = which.connection.open(file)?;
            let path = path(&client.key(&which.key)?, "rotate");
            let ask = || client.send(Method::POST, &path, &json!({ "expires_in": expires_in }));
            hand_out(secret, &which.connection, ask)
        }
        Action::Revoke(which) => switch(
            which,
            ("revoke-secondary", "has its new secret alone"),
            file,
        ),
        Action::Disable(which) => switch(which, ("disable", "is disabled"), file),
        Action::Enable(which) => switch(which, ("enable", "is enabled"), file),
    }
}

/// The body without options that were not given.
fn without_absent(body: &Body) -> anyhow::Result<Value> {
    let mut body = serde_json::to_value(body)?;
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null() && value != &json!([]) && value != &json!({}));
    }
    Ok(body)
}

/// A period and its dollars. The service says which periods there are.
fn quota(text: &str) -> Result<(String, f64), String> {
    let read = |(period, dollars): (&str, &str)| Some((period.to_owned(), dollars.parse().ok()?));
    let quota = text.split_once('=').and_then(read);
    quota.ok_or_else(|| "write PERIOD=DOLLARS, as in hourly=2.50".to_owned())
}

fn as_map<S: Serializer>(quotas: &[(String, f64)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(quotas.iter().map(|(period, dollars)| (period, dollars)))
}

/// Asks for a new secret and prints it or writes it to its file, which is created first.
fn hand_out(
    secret: &SecretFile,
    connection: &Connection,
    ask: impl FnOnce() -> anyhow::Result<Value>,
) -> anyhow::Result<Exit> {
    let file = match &secret.secret_file {
        Some(path) => Some((path, private_file::create(path)?)),
        None => None,
    };
    let mut answer = match (ask(), &file) {
        (Err(error), Some((path, _))) => {
            // It is empty, and this command's own.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        (answer, _) => answer?,
    };
    let plain = text_of(&answer, "key").to_owned();
    let fields = answer.as_object_mut().filter(|_| !plain.is_empty());
    let fields = fields.context("the service's answer has no key")?;
    if let Some((path, mut file)) = file {
        writeln!(file, "{plain}")
            .and_then(|()| file.sync_all())
            .with_context(|| {
                let path = path.display();
                format!("cannot write the secret to {path}; rotate the key to get a new one")
            })?;
        fields.remove("key");
        fields.remove("primary");
        fields.insert("secret_file".to_owned(), json!(path));
    }
    connection.print(&answer, |key| {
        let secret = match key.get("secret_file") {
            Some(path) => format!("The secret is in {}.", cell(path)),
            None => format!("{plain}\nThis secret is shown only once."),
        };
        let older = match text_of(key, "secondary_expires_at") {
            "" => String::new(),
            until => format!("\nThe old secret works until {until}."),
        };
        format!("{}\n{secret}{older}", name(key))
    })?;
    Ok(Exit::Done)
}

/// Does what a verb says, and tells what the key is now.
fn switch(which: &Which, (verb, now): (&str, &str), file: &ConfigFile) -> anyhow::Result<Exit> {
    let client: Client = which.connection.open(file)?;
    let key = client.key(&which.key)?;
    let answer = client.send(Method::POST, &path(&key, verb), &json!({}))?;
    let shown = |_: &Value| format!("{} {now}.", name(&key));
    which.connection.print(&answer, shown)?;
    Ok(Exit::Done)
}

fn path(key: &Value, verb: &str) -> String {
    format!("/v1/keys/{}/{verb}", escape(text_of(key, "id")))
}

fn name(key: &Value) -> String {
    let [id, namespace, name] = ["id", "namespace", "name"].map(|name| cell(field(key, name)));
    format!("Key {id} ({namespace}/{name})")
}
