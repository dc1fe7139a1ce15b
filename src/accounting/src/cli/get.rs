//! `paddock get`: what is there.

use super::client::{Client, escape};
use super::connection::Connection;
use super::output::{self, Column, Output, cell, dollars, number, text};
use super::{Exit, keys};
use anyhow::bail;
use clap::ValueEnum;
use paddock_accounting::config::file::ConfigFile;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// What to show.
    kind: Kind,
    /// Which one: a name, a key's id or NAMESPACE/NAME. All where it is left out.
    name: Option<String>,
    /// Only keys of this namespace.
    #[arg(long)]
    namespace: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    #[value(alias = "organization")]
    Organizations,
    #[value(alias = "namespace")]
    Namespaces,
    /// The settings of one namespace.
    Settings,
    /// The routing of one namespace.
    Routing,
    #[value(alias = "key")]
    Keys,
    #[value(alias = "price")]
    Prices,
    #[value(alias = "role")]
    Roles,
}

/// Shows one or all.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    if options.namespace.is_some() && options.kind != Kind::Keys {
        bail!("--namespace goes with keys only");
    }
    let client = options.connection.open(file)?;
    let found = match &options.name {
        Some(name) => one(&client, options.kind, name)?,
        None => Value::Array(all(&client, options)?),
    };
    match (options.connection.output, &found) {
        (Output::Json, _) => output::print_json(&found)?,
        (Output::Table, Value::Array(items)) => output::print(&table(options.kind, items))?,
        (Output::Table, item) => output::print(&sheet(item))?,
    }
    Ok(Exit::Done)
}

fn one(client: &Client, kind: Kind, name: &str) -> anyhow::Result<Value> {
    let escaped = escape(name);
    match kind {
        Kind::Organizations => client.get(&format!("/v1/organizations/{escaped}")),
        Kind::Namespaces => client.get(&format!("/v1/namespaces/{escaped}")),
        Kind::Settings => client.get(&format!("/v1/namespaces/{escaped}/settings")),
        Kind::Routing => client.get(&format!("/v1/namespaces/{escaped}/routing")),
        Kind::Prices => client.get(&format!("/v1/prices/{escaped}")),
        Kind::Keys => keys::find(client, name),
        Kind::Roles => {
            let roles = client.list("/v1/roles")?;
            let is_it = |role: &&Value| {
                ["name", "role", "id"]
                    .iter()
                    .any(|field| role.get(field) == Some(&json!(name)))
            };
            match roles.iter().find(is_it) {
                Some(role) => Ok(role.clone()),
                None => bail!("there is no role '{name}'"),
            }
        }
    }
}

fn all(client: &Client, options: &Options) -> anyhow::Result<Vec<Value>> {
    match (options.kind, &options.namespace) {
        (Kind::Organizations, _) => client.list("/v1/organizations"),
        (Kind::Namespaces, _) => client.list("/v1/namespaces"),
        (Kind::Keys, None) => client.list("/v1/keys"),
        (Kind::Keys, Some(name)) => client.list(&format!("/v1/keys?namespace={}", escape(name))),
        (Kind::Prices | Kind::Roles, _) => {
            let word = if options.kind == Kind::Roles {
                "roles"
            } else {
                "prices"
            };
            let list = client.get(&format!("/v1/{word}"))?;
            let items = list.get("data").and_then(Value::as_array);
            Ok(items.cloned().unwrap_or_default())
        }
        (Kind::Settings | Kind::Routing, _) => {
            bail!("settings and routing are a namespace's: say `paddock get settings NAME`")
        }
    }
}

/// How a column is filled.
type Fill = fn(&Value) -> String;

fn columns(kind: Kind) -> Vec<(Column, &'static str, Fill)> {
    let limits: [(Column, &'static str, Fill); 5] = [
        (number("MONTHLY"), "monthly_quota_usd", dollars),
        (number("DAILY"), "daily_quota_usd", dollars),
        (number("RPM"), "rate_limit_per_minute", cell),
        (number("TPM"), "tokens_per_minute", cell),
        (number("CONCURRENCY"), "max_concurrency", cell),
    ];
    let mut columns: Vec<(Column, &'static str, Fill)> = match kind {
        Kind::Organizations => vec![(text("NAME"), "name", cell)],
        Kind::Namespaces | Kind::Settings | Kind::Routing => vec![
            (text("NAME"), "name", cell),
            (text("ORGANIZATION"), "organization", cell),
            (text("PRIORITY"), "priority", cell),
            (text("ENABLED"), "enabled", cell),
        ],
        Kind::Keys => vec![
            (text("ID"), "id", cell),
            (text("NAMESPACE"), "namespace", cell),
            (text("NAME"), "name", cell),
            (text("ROLE"), "role", cell),
            (text("ENABLED"), "enabled", cell),
            (text("EXPIRES"), "expires_at", cell),
            (text("PREVIEW"), "key_preview", cell),
        ],
        Kind::Prices => vec![
            (text("MODEL"), "model", cell),
            (text("UPSTREAM"), "upstream", cell),
            (number("INPUT"), "input_usd_per_million", cell),
            (number("CACHED"), "cached_input_usd_per_million", cell),
            (number("OUTPUT"), "output_usd_per_million", cell),
            (number("MAX OUTPUT"), "max_output_tokens", cell),
        ],
        Kind::Roles => vec![
            (text("ROLE"), "name", cell),
            (text("ENDPOINTS"), "allowed_endpoints", cell),
        ],
    };
    if matches!(kind, Kind::Organizations | Kind::Namespaces | Kind::Keys) {
        columns.extend(limits);
    }
    columns
}

fn table(kind: Kind, items: &[Value]) -> String {
    let columns = columns(kind);
    let row = |item: &Value| {
        let value = |field: &str| item.get(field).cloned().unwrap_or_default();
        columns
            .iter()
            .map(|(_, field, fill)| fill(&value(field)))
            .collect()
    };
    let heads: Vec<Column> = columns.iter().map(|(column, ..)| *column).collect();
    output::table(&heads, items.iter().map(row).collect())
}

/// One thing, a field a line.
fn sheet(item: &Value) -> String {
    let fields = item.as_object().into_iter().flatten();
    let rows = fields.map(|(name, value)| vec![name.clone(), cell(value)]);
    output::table(&[text("FIELD"), text("VALUE")], rows.collect())
}
