//! `paddock usage`: requests, tokens and cost.

use crate::client::{escape, field, text_of};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, cell, dollars, number, text};
use paddock_server::config::file::ConfigFile;
use serde_json::{Value, json};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// Only this namespace, by model.
    #[arg(long, conflicts_with = "key")]
    namespace: Option<String>,
    /// Only this key, by model: its id or NAMESPACE/NAME.
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
    let print = |usage: &Value, shown: String| options.connection.print(usage, |_| shown);
    match (&options.namespace, &options.key) {
        (Some(name), _) => {
            let usage = client.get(&of(name))?;
            print(&usage, by_model(&usage, "model_breakdown", "cost"))?;
        }
        (None, Some(key)) => {
            let key = client.key(key)?;
            let id = escape(text_of(&key, "id"));
            let usage = client.get(&format!("/v1/keys/{id}/usage?period={period}"))?;
            print(&usage, by_model(&usage, "by_model", "cost_usd"))?;
        }
        (None, None) => {
            let namespaces = client.list("/v1/namespaces")?;
            let all = namespaces.iter();
            let all = all.map(|namespace| client.get(&of(text_of(namespace, "name"))));
            let all = all.collect::<anyhow::Result<Vec<Value>>>()?;
            print(&json!(all), summary(&all))?;
        }
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
        vec![
            cell(field(usage, "namespace")),
            cell(field(usage, "request_count")),
            dollars(field(usage, "total_spent")),
            dollars(field(usage, "current_month_cost")),
            dollars(field(usage, "quota_limit")),
            dollars(field(usage, "quota_remaining")),
        ]
    };
    output::table(&columns, all.iter().map(row).collect())
}

fn by_model(usage: &Value, models: &str, cost: &str) -> String {
    let columns = [
        text("MODEL"),
        number("REQUESTS"),
        number("TOKENS"),
        number("COST"),
    ];
    let models = field(usage, models).as_object().into_iter().flatten();
    let rows = models.map(|(model, used)| {
        vec![
            model.clone(),
            cell(field(used, "requests")),
            cell(field(used, "tokens")),
            dollars(field(used, cost)),
        ]
    });
    let rows = rows.collect();
    let value = |names: [&str; 2]| names.iter().find_map(|name| usage.get(name)).cloned();
    let spent = dollars(&value(["total_spent", "total_cost_usd"]).unwrap_or_default());
    let left = dollars(&value(["quota_remaining", "budget_remaining_usd"]).unwrap_or_default());
    let table = output::table(&columns, rows);
    let prepaid = value(["prepaid_balance", "prepaid_balance_usd"]);
    let prepaid = prepaid.map_or_else(String::new, |balance| {
        format!(" Prepaid balance: {}.", dollars(&balance))
    });
    format!(
        "{table}\n\nSpent in this period: {spent}. Left of this month's budget: {left}.{prepaid}"
    )
}
