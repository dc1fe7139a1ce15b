//! A list as it is printed: which columns each kind has, in which order, and in which form.

use crate::client::{field, text_of};
use crate::kind::Kind;
use crate::output::{self, Column, Output, cell, dollars, number, text};
use anyhow::bail;
use paddock_server::api::csv_text;
use serde_json::Value;
use std::cmp::Ordering;

/// How a list is printed, beside its form.
#[derive(Debug, clap::Args)]
pub struct Arrangement {
    /// Sort by a field of the objects, as `-o json` names it, like monthly_quota_usd; with a hyphen before
    /// it the largest first, as in --sort-by=-spent_usd.
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    sort_by: Option<String>,
    /// Only objects whose field has this value, like role=developer or tags.team=search; repeat it for more.
    #[arg(long = "filter", value_name = "FIELD=VALUE", value_parser = condition)]
    filters: Vec<(String, String)>,
    /// Leave out the names of the columns.
    #[arg(long)]
    no_headers: bool,
}

fn condition(text: &str) -> Result<(String, String), String> {
    let condition = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let condition = condition.map(|(name, value)| (name.to_owned(), value.to_owned()));
    condition.ok_or_else(|| "write FIELD=VALUE, as in role=developer".to_owned())
}

/// A field of an object; a dot leads into an inner one.
fn inner<'a>(item: &'a Value, name: &str) -> &'a Value {
    match item.get(name) {
        Some(found) => found,
        None => name.split('.').fold(item, field),
    }
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => cell(one).cmp(&cell(other)),
    }
}

impl Arrangement {
    /// The objects that are wanted, in their order. An error if none of them has such a field.
    pub fn arrange(&self, mut items: Vec<Value>) -> anyhow::Result<Vec<Value>> {
        let known = |name: &str| {
            let first = name.split('.').next().unwrap_or(name);
            let is_known = |item: &Value| item.get(first).is_some();
            items.is_empty() || items.iter().any(is_known)
        };
        let sort_by = self.sort_by.as_deref();
        let (sort_by, descends) = match sort_by.and_then(|name| name.strip_prefix('-')) {
            Some(name) => (Some(name), true),
            None => (sort_by, false),
        };
        let named = self
            .filters
            .iter()
            .map(|(name, _)| name.as_str())
            .chain(sort_by);
        if let Some(unknown) = named.into_iter().find(|name| !known(name)) {
            bail!("no object has a field '{unknown}'. `-o json` shows all fields");
        }
        items.retain(|item| {
            let mut filters = self.filters.iter();
            filters.all(|(name, value)| cell(inner(item, name)) == *value)
        });
        if let Some(name) = sort_by {
            items.sort_by(|one, other| {
                let order = compare(inner(one, name), inner(other, name));
                if descends { order.reverse() } else { order }
            });
        }
        Ok(items)
    }

    /// Prints objects of one kind.
    pub fn print(&self, kind: Kind, items: Vec<Value>, form: Output) -> anyhow::Result<()> {
        let items = self.arrange(items)?;
        match form {
            Output::Table => self.table(narrow(kind), &items, output::terminal_width()),
            Output::Wide => {
                let columns = narrow(kind).into_iter().chain(wide(kind)).collect();
                self.table(columns, &items, None)
            }
            Output::Json | Output::Yaml => form.print_value(&Value::Array(items)),
            Output::Csv => self.csv(kind, &items),
            Output::Name => {
                let names = items.iter().map(|item| kind.name(item));
                lines(&names.collect::<Vec<String>>().join("\n"))
            }
        }
    }

    fn table(&self, shown: Vec<Shown>, items: &[Value], width: Option<u16>) -> anyhow::Result<()> {
        let row = |item: &Value| {
            shown
                .iter()
                .map(|shown| (shown.fill)(item, shown.field))
                .collect()
        };
        let rows: Vec<Vec<String>> = items.iter().map(row).collect();
        let head = |shown: &Shown| match self.no_headers {
            true => Column {
                head: "",
                ..shown.column
            },
            false => shown.column,
        };
        let columns: Vec<Column> = shown.iter().map(head).collect();
        lines(&output::arranged(&columns, rows, width))
    }

    /// All columns, with the names and values of the fields.
    fn csv(&self, kind: Kind, items: &[Value]) -> anyhow::Result<()> {
        let shown: Vec<Shown> = narrow(kind).into_iter().chain(wide(kind)).collect();
        let head = (!self.no_headers).then(|| {
            let names = shown.iter().map(|shown| shown.field.to_owned());
            names.collect::<Vec<String>>()
        });
        let row = |item: &Value| {
            let cells = shown.iter();
            let cells = cells.map(|shown| csv_text::cell(field(item, shown.field)));
            cells.collect::<Vec<String>>()
        };
        let rows = head.into_iter().chain(items.iter().map(row));
        let text = csv_text::rows(rows).unwrap_or_default();
        lines(&String::from_utf8_lossy(&text).replace("\r\n", "\n"))
    }
}

/// Prints lines; nothing at all if there are none.
fn lines(text: &str) -> anyhow::Result<()> {
    match text.is_empty() {
        true => Ok(()),
        false => output::print(text),
    }
}

/// A column, the field it shows, and how.
struct Shown {
    column: Column,
    field: &'static str,
    fill: fn(&Value, &str) -> String,
}

/// A column of a field as it is.
const fn plain(column: Column, field: &'static str) -> Shown {
    let fill = |item: &Value, name: &str| cell(crate::client::field(item, name));
    Shown {
        column,
        field,
        fill,
    }
}

/// A column of dollars.
const fn money(column: Column, field: &'static str) -> Shown {
    let fill = |item: &Value, name: &str| dollars(crate::client::field(item, name));
    Shown {
        column,
        field,
        fill,
    }
}

/// A limit. One that the object has from what it belongs to is in parentheses.
fn limit(column: Column, name: &'static str) -> Shown {
    let fill = |item: &Value, name: &str| {
        let value = field(item, name);
        let shown = match name.ends_with("_usd") {
            true => dollars(value),
            false => cell(value),
        };
        let own = field(item, "own_limits").as_array();
        let is_own = own.is_none_or(|own| own.iter().any(|own| own == name));
        match !is_own && !value.is_null() {
            true => format!("({shown})"),
            false => shown,
        }
    };
    Shown {
        column,
        field: name,
        fill,
    }
}

fn limits() -> [Shown; 5] {
    [
        limit(number("MONTHLY"), "monthly_quota_usd"),
        limit(number("DAILY"), "daily_quota_usd"),
        limit(number("RPM"), "rate_limit_per_minute"),
        limit(number("TPM"), "tokens_per_minute"),
        limit(number("CONCURRENCY"), "max_concurrency"),
    ]
}

/// The columns that every table has.
fn narrow(kind: Kind) -> Vec<Shown> {
    let mut columns = match kind {
        Kind::Organizations => vec![plain(text("NAME"), "name")],
        Kind::Namespaces | Kind::Settings | Kind::Routing => vec![
            plain(text("NAME"), "name"),
            plain(text("ORGANIZATION"), "organization"),
            plain(text("PRIORITY"), "priority"),
            plain(text("ENABLED"), "enabled"),
        ],
        Kind::Keys => vec![
            plain(text("ID"), "id"),
            plain(text("NAMESPACE"), "namespace"),
            plain(text("NAME"), "name"),
            plain(text("ROLE"), "role"),
            plain(text("ENABLED"), "enabled"),
            plain(text("EXPIRES"), "expires_at"),
            plain(text("PREVIEW"), "key_preview"),
        ],
        Kind::Prices => vec![
            plain(text("MODEL"), "model"),
            plain(text("UPSTREAM"), "upstream"),
            plain(number("INPUT $/M"), "input_usd_per_million"),
            plain(number("CACHED $/M"), "cached_input_usd_per_million"),
            plain(number("OUTPUT $/M"), "output_usd_per_million"),
            plain(number("MAX OUTPUT"), "max_output_tokens"),
            plain(number("CONTEXT"), "context_window"),
        ],
        Kind::Aliases => vec![plain(text("ALIAS"), "alias"), plain(text("MODEL"), "model")],
        Kind::Members => vec![
            plain(text("ID"), "id"),
            plain(text("NAMESPACE"), "namespace"),
            plain(text("USER"), "user_id"),
            plain(text("EMAIL"), "email"),
            plain(text("ROLE"), "role"),
        ],
        Kind::Roles => vec![
            plain(text("ROLE"), "name"),
            money(number("MONTHLY"), "monthly_quota_usd"),
            plain(text("USERS"), "can_manage_users"),
            plain(text("ANALYTICS"), "can_view_analytics"),
            plain(text("KEYS"), "can_create_api_keys"),
            plain(text("ENDPOINTS"), "allowed_endpoints"),
            plain(text("OVERRIDDEN"), "overridden"),
        ],
        Kind::Budgets => vec![
            plain(text("NAME"), "name"),
            plain(text("COVERS"), "covers"),
            money(number("MONTHLY"), "monthly_quota_usd"),
            money(number("DAILY"), "daily_quota_usd"),
            plain(text("OTHERS"), "quotas_usd"),
            plain(text("SOFT"), "soft"),
            plain(text("SET BY"), "set_by"),
        ],
        Kind::Users => vec![
            plain(text("USER"), "user_id"),
            money(number("MONTHLY"), "monthly_limit_usd"),
        ],
        Kind::Webhooks => vec![
            plain(text("ID"), "id"),
            plain(text("URL"), "url"),
            plain(text("EVENTS"), "events"),
            plain(number("THRESHOLD %"), "threshold_percent"),
        ],
        Kind::Alerts => vec![
            plain(text("NAME"), "name"),
            plain(number("PERCENT"), "threshold_pct"),
            plain(number("DEVIATIONS"), "threshold_stddev"),
            plain(text("WINDOW"), "window"),
            plain(text("ACTION"), "action"),
            plain(text("LAST FIRED"), "last_fired_at"),
        ],
        Kind::Credits => vec![
            plain(text("REFERENCE"), "reference"),
            plain(text("KIND"), "kind"),
            money(number("AMOUNT"), "amount_usd"),
            plain(text("AUTHOR"), "author"),
            plain(text("CREATED"), "created_at"),
        ],
        Kind::Corrections => vec![
            plain(text("REFERENCE"), "reference"),
            plain(text("NAMESPACE"), "namespace"),
            money(number("AMOUNT"), "amount_usd"),
            plain(text("REASON"), "reason"),
            plain(text("AUTHOR"), "author"),
            plain(text("CREATED"), "created_at"),
        ],
        Kind::Reservations => vec![
            plain(text("ID"), "reservation_id"),
            plain(text("STATUS"), "status"),
            money(number("RESERVED"), "estimated_cost_usd"),
            money(number("SPENT"), "spent_usd"),
            plain(text("EXPIRES"), "expires_at"),
        ],
        Kind::Gateways => vec![
            plain(text("ID"), "id"),
            plain(text("LAST SEEN"), "last_seen_at"),
            plain(text("VERSION"), "version"),
            plain(number("PROTOCOL"), "protocol"),
            plain(number("LEASES"), "leases"),
            money(number("LENT"), "lent_usd"),
        ],
    };
    if matches!(kind, Kind::Organizations | Kind::Namespaces | Kind::Keys) {
        columns.extend(limits());
    }
    columns
}

/// The further columns of a wide table.
fn wide(kind: Kind) -> Vec<Shown> {
    let mut columns = match kind {
        Kind::Organizations => vec![plain(text("TIME ZONE"), "time_zone")],
        Kind::Namespaces => vec![
            plain(text("TIME ZONE"), "time_zone"),
            plain(number("WEIGHT"), "weight"),
            plain(text("FAILURE MODE"), "failure_mode"),
            plain(text("PREPAID"), "prepaid"),
        ],
        Kind::Keys => vec![
            plain(text("ORGANIZATION"), "organization"),
            plain(text("ENVIRONMENT"), "environment"),
            plain(text("USER"), "user_id"),
            plain(text("SCOPES"), "scopes"),
        ],
        Kind::Prices => vec![
            plain(text("UPSTREAM MODEL"), "upstream_model"),
            plain(number("BATCH %"), "batch_percent"),
            plain(text("FROM"), "effective_from"),
        ],
        Kind::Gateways => vec![money(number("SPENT"), "spent_usd")],
        Kind::Corrections => vec![
            plain(text("EVENT"), "event_id"),
            plain(text("MODEL"), "model"),
            plain(text("USER"), "end_user"),
        ],
        _ => Vec::new(),
    };
    if matches!(kind, Kind::Organizations | Kind::Namespaces | Kind::Keys) {
        columns.push(plain(text("MODELS"), "allowed_models"));
        columns.push(plain(text("TAGS"), "tags"));
        columns.push(plain(text("CREATED"), "created_at"));
    }
    columns
}

/// One object, one field per line.
pub fn sheet(item: &Value) -> String {
    let fields = item.as_object().into_iter().flatten();
    let rows = fields.map(|(name, value)| vec![name.clone(), cell(value)]);
    output::table(&[text("FIELD"), text("VALUE")], rows.collect())
}

/// What an object is called in a sentence.
pub fn title(kind: Kind, item: &Value) -> String {
    match kind {
        Kind::Keys => format!("key {} ({})", text_of(item, "id"), kind.name(item)),
        _ => kind.name(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn arranged(sort_by: Option<&str>, filters: &[(&str, &str)]) -> Vec<String> {
        let arrangement = Arrangement {
            sort_by: sort_by.map(str::to_owned),
            filters: filters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            no_headers: false,
        };
        let items = vec![
            json!({"name": "a", "quota": 9.0, "enabled": true, "tags": {"team": "x"}}),
            json!({"name": "b", "quota": 10.0, "enabled": true, "tags": {}}),
            json!({"name": "c", "quota": null, "enabled": false, "tags": {"team": "x"}}),
        ];
        let found = arrangement.arrange(items).unwrap();
        found
            .iter()
            .map(|item| text_of(item, "name").to_owned())
            .collect()
    }

    #[test]
    fn lists_are_sorted_by_numbers_and_filtered_by_inner_fields() {
        assert_eq!(arranged(Some("quota"), &[]), ["c", "a", "b"]);
        assert_eq!(arranged(Some("-name"), &[]), ["c", "b", "a"]);
        assert_eq!(arranged(None, &[("tags.team", "x")]), ["a", "c"]);
        assert_eq!(
            arranged(None, &[("tags.team", "x"), ("enabled", "true")]),
            ["a"]
        );
    }

    #[test]
    fn a_field_that_no_object_has_is_an_error() {
        let arrangement = Arrangement {
            sort_by: Some("size".to_owned()),
            filters: Vec::new(),
            no_headers: false,
        };
        let error = arrangement.arrange(vec![json!({"name": "a"})]).unwrap_err();
        assert!(error.to_string().contains("'size'"), "{error}");
        assert!(arrangement.arrange(Vec::new()).is_ok());
    }

    #[test]
    fn a_limit_of_the_parents_is_in_parentheses() {
        let monthly = limit(number("MONTHLY"), "monthly_quota_usd");
        let key = |own: Value| json!({"monthly_quota_usd": 5.0, "own_limits": own});
        let shown = |key: Value| (monthly.fill)(&key, monthly.field);
        assert_eq!(shown(key(json!(["monthly_quota_usd"]))), "$5.00");
        assert_eq!(shown(key(json!([]))), "($5.00)");
        assert_eq!(shown(json!({"monthly_quota_usd": 5.0})), "$5.00");
    }
}
