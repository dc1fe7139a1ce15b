//! `paddock usage`: what was used and what it cost.

use super::client::escape;
use super::connection::Connection;
use super::output::{self, Output, cell, dollars, number, text};
use crate::exit::Exit;
use crate::keys;
use paddock_server::config::file::ConfigFile;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// One namespace, grouped by model.
    #[arg(long, conflicts_with = "key")]
    namespace: Option<String>,
    /// One key, grouped by model: its id or NAMESPACE/NAME.
    #[arg(long)]
    key: Option<String>,
    /// current_month, 7d, 30d, 90d or all.
    #[arg(long, default_value = "30d")]
    period: String,
}

/// Shows it.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let period = escape(&options.period);
    let of = |name: &str| format!("/v1/namespaces/{}/usage?period={period}", escape(name));
    let (found, shown) = match (&options.namespace, &options.key) {
        (Some(name), _) => {
            let usage = client.get(&of(name))?;
            let shown = by_model(&usage, "model_breakdown", "cost");
            (usage, shown)
        }
        (None, Some(key)) => {
            let id = keys::find(&client, key)?;
            let id = id.get("id").and_then(Value::as_str).unwrap_or_default();
            let usage = client.get(&format!("/v1/keys/{}/usage?period={period}", escape(id)))?;
            let shown = by_model(&usage, "by_model", "cost_usd");
            (usage, shown)
        }
        (None, None) => {
            let mut all = Vec::new();
            for namespace in client.list("/v1/namespaces")? {
                let name = namespace
                    .get("name")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                all.push(client.get(&of(name))?);
            }
            let shown = summary(&all);
            (json!(all), shown)
        }
    };
    match options.connection.output {
        Output::Json => output::print_json(&found)?,
        Output::Table => output::print(&shown)?,
    }
    Ok(Exit::Done)
}

fn summary(all: &[Value]) -> String {
    let columns = [
        text("NAMESPACE"),
        number("REQUESTS"),
        number("SPENT"),
        number("THIS MONTH"),
        number("QUOTA"),
        number("REMAINING"),
    ];
    let row = |usage: &Value| {
        let value = |field: &str| usage.get(field).cloned().unwrap_or_default();
        vec![
            cell(&value("namespace")),
            cell(&value("request_count")),
            dollars(&value("total_spent")),
            dollars(&value("current_month_cost")),
            dollars(&value("quota_limit")),
            dollars(&value("quota_remaining")),
        ]
    };
    output::table(&columns, all.iter().map(row).collect())
}

fn by_model(usage: &Value, field: &str, cost: &str) -> String {
    let columns = [
        text("MODEL"),
        number("REQUESTS"),
        number("TOKENS"),
        number("COST"),
    ];
    let models = usage.get(field).and_then(Value::as_object);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (model, used) in models.into_iter().flatten() {
        let value = |field: &str| used.get(field).cloned().unwrap_or_default();
        rows.push(vec![
            model.clone(),
            cell(&value("requests")),
            cell(&value("tokens")),
            dollars(&value(cost)),
        ]);
    }
    let value = |names: [&str; 2]| names.iter().find_map(|name| usage.get(name)).cloned();
    let spent = dollars(&value(["total_spent", "total_cost_usd"]).unwrap_or_default());
    let left = dollars(&value(["quota_remaining", "budget_remaining_usd"]).unwrap_or_default());
    let table = output::table(&columns, rows);
    let prepaid = value(["prepaid_balance", "prepaid_balance_usd"]);
    let prepaid = prepaid.map_or_else(String::new, |balance| {
        format!(" {} left of the prepaid balance.", dollars(&balance))
    });
    format!("{table}\n\n{spent} spent in this period; {left} left of this month's budget.{prepaid}")
}
