//! `paddock get`: lists objects, or shows one.

use crate::client::{Client, escape, field};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, Column, cell, dollars, number, text};
use anyhow::bail;
use clap::ValueEnum;
use paddock_server::config::file::ConfigFile;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// The kind of object.
    kind: Kind,
    /// Only this object: its name, or for a key its id or NAMESPACE/NAME.
    name: Option<String>,
    /// Only objects of this namespace. Required for users, webhooks, alerts, reservations and
    /// credits.
    #[arg(long)]
    namespace: Option<String>,
    /// Roles with the changes that this organization made to them.
    #[arg(long)]
    organization: Option<String>,
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
    #[value(alias = "member")]
    Members,
    #[value(alias = "price")]
    Prices,
    #[value(alias = "alias")]
    Aliases,
    #[value(alias = "role")]
    Roles,
    /// The monthly limits of end users of one namespace.
    #[value(alias = "user")]
    Users,
    #[value(alias = "webhook")]
    Webhooks,
    #[value(alias = "alert")]
    Alerts,
    #[value(alias = "reservation")]
    Reservations,
    /// Payments into a prepaid balance.
    #[value(alias = "credit")]
    Credits,
}

impl Kind {
    /// The path of a list that belongs to a namespace, and the field that names its items.
    fn of_namespace(self, namespace: &str) -> Option<(String, &'static str)> {
        let name = escape(namespace);
        let below = |list: &str| format!("/v1/namespaces/{name}/{list}");
        match self {
            Kind::Users => Some((format!("/v1/team/quotas?namespace={name}"), "user_id")),
            Kind::Webhooks => Some((below("webhooks"), "id")),
            Kind::Alerts => Some((below("alerts"), "name")),
            Kind::Reservations => Some((below("reservations"), "reservation_id")),
            Kind::Credits => Some((format!("/v1/credits?namespace={name}"), "reference")),
            _ => None,
        }
    }
}

/// Shows one or all.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let named = options.namespace.as_deref();
    let part = options.kind.of_namespace(named.unwrap_or_default());
    match (&part, named) {
        (Some(_), None) => bail!("name a namespace with --namespace"),
        (None, Some(_)) if !matches!(options.kind, Kind::Keys | Kind::Members) => {
            bail!(
                "--namespace works only with keys, members, users, webhooks, alerts, reservations \
                 and credits"
            )
        }
        _ => {}
    }
    if options.organization.is_some() && options.kind != Kind::Roles {
        bail!("--organization works only with roles");
    }
    let client = options.connection.open(file)?;
    let found = match (&options.name, part) {
        (Some(name), Some((list, field))) => one_of(&client.list(&list)?, field, name)?,
        (None, Some((list, _))) => Value::Array(client.list(&list)?),
        (Some(name), None) => one(&client, options, name)?,
        (None, None) => Value::Array(all(&client, options)?),
    };
    options.connection.print(&found, |found| match found {
        Value::Array(items) => table(options.kind, items),
        item => sheet(item),
    })?;
    Ok(Exit::Done)
}

fn one(client: &Client, options: &Options, name: &str) -> anyhow::Result<Value> {
    let escaped = escape(name);
    match options.kind {
        Kind::Organizations => client.get(&format!("/v1/organizations/{escaped}")),
        Kind::Namespaces => client.get(&format!("/v1/namespaces/{escaped}")),
        Kind::Settings => client.get(&format!("/v1/namespaces/{escaped}/settings")),
        Kind::Routing => client.get(&format!("/v1/namespaces/{escaped}/routing")),
        Kind::Prices => client.get(&format!("/v1/prices/{escaped}")),
        Kind::Keys => client.key(name),
        Kind::Members => {
            let of = parameter("namespace", options.namespace.as_deref());
            client.get(&format!("/v1/members/{escaped}{of}"))
        }
        Kind::Aliases => one_of(&all(client, options)?, "alias", name),
        _ => one_of(&all(client, options)?, "name", name),
    }
}

/// The item of a list with a name or an id.
fn one_of(list: &[Value], field: &str, name: &str) -> anyhow::Result<Value> {
    let is_it = |one: &&Value| {
        let known = [field, "id"].map(|field| one.get(field));
        known.contains(&Some(&json!(name)))
    };
    match list.iter().find(is_it) {
        Some(found) => Ok(found.clone()),
        None => bail!("there is no '{name}'"),
    }
}

fn all(client: &Client, options: &Options) -> anyhow::Result<Vec<Value>> {
    let of_namespace = parameter("namespace", options.namespace.as_deref());
    let of_organization = parameter("organization", options.organization.as_deref());
    match options.kind {
        Kind::Organizations => client.list("/v1/organizations"),
        Kind::Namespaces => client.list("/v1/namespaces"),
        Kind::Keys => client.list(&format!("/v1/keys{of_namespace}")),
        Kind::Members => client.list(&format!("/v1/members{of_namespace}")),
        Kind::Settings | Kind::Routing => {
            bail!("name a namespace, like `paddock get settings team-a`")
        }
        Kind::Prices => client.list("/v1/prices"),
        Kind::Aliases => client.list("/v1/aliases"),
        _ => client.list(&format!("/v1/roles{of_organization}")),
    }
}

/// A query of one parameter, if it has a value.
fn parameter(name: &str, value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!("?{name}={}", escape(value)))
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
            (number("CONTEXT"), "context_window", cell),
        ],
        Kind::Aliases => vec![
            (text("ALIAS"), "alias", cell),
            (text("MODEL"), "model", cell),
        ],
        Kind::Members => vec![
            (text("ID"), "id", cell),
            (text("NAMESPACE"), "namespace", cell),
            (text("USER"), "user_id", cell),
            (text("EMAIL"), "email", cell),
            (text("ROLE"), "role", cell),
        ],
        Kind::Roles => vec![
            (text("ROLE"), "name", cell),
            (number("MONTHLY"), "monthly_quota_usd", dollars),
            (text("USERS"), "can_manage_users", cell),
            (text("ANALYTICS"), "can_view_analytics", cell),
            (text("KEYS"), "can_create_api_keys", cell),
            (text("ENDPOINTS"), "allowed_endpoints", cell),
            (text("OVERRIDDEN"), "overridden", cell),
        ],
        Kind::Users => vec![
            (text("USER"), "user_id", cell),
            (number("MONTHLY"), "monthly_limit_usd", dollars),
        ],
        Kind::Webhooks => vec![
            (text("ID"), "id", cell),
            (text("URL"), "url", cell),
            (text("EVENTS"), "events", cell),
            (number("THRESHOLD %"), "threshold_percent", cell),
        ],
        Kind::Alerts => vec![
            (text("NAME"), "name", cell),
            (number("PERCENT"), "threshold_pct", cell),
            (number("DEVIATIONS"), "threshold_stddev", cell),
            (text("WINDOW"), "window", cell),
            (text("ACTION"), "action", cell),
            (text("LAST FIRED"), "last_fired_at", cell),
        ],
        Kind::Credits => vec![
            (text("REFERENCE"), "reference", cell),
            (text("KIND"), "kind", cell),
            (number("AMOUNT"), "amount_usd", dollars),
            (text("AUTHOR"), "author", cell),
            (text("CREATED"), "created_at", cell),
        ],
        Kind::Reservations => vec![
            (text("ID"), "reservation_id", cell),
            (text("STATUS"), "status", cell),
            (number("RESERVED"), "estimated_cost_usd", dollars),
            (number("SPENT"), "spent_usd", dollars),
            (text("EXPIRES"), "expires_at", cell),
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
        let cells = columns.iter();
        cells
            .map(|(_, name, fill)| fill(field(item, name)))
            .collect()
    };
    let heads: Vec<Column> = columns.iter().map(|(column, ..)| *column).collect();
    output::table(&heads, items.iter().map(row).collect())
}

/// One object, one field per line.
fn sheet(item: &Value) -> String {
    let fields = item.as_object().into_iter().flatten();
    let rows = fields.map(|(name, value)| vec![name.clone(), cell(value)]);
    output::table(&[text("FIELD"), text("VALUE")], rows.collect())
}
