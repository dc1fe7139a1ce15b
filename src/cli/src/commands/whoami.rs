//! `paddock whoami`: whose key it is, what it may do, and what it has left.

use crate::client::{field, text_of};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, cell, dollars, number, text};
use paddock_server::config::file::ConfigFile;
use serde_json::Value;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
}

/// Shows it.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let answer = client.get("/v1/whoami")?;
    options.connection.print(&answer, shown)?;
    Ok(Exit::Done)
}

fn items<'a>(of: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    field(of, name).as_array().into_iter().flatten()
}

fn shown(answer: &Value) -> String {
    let role = text_of(answer, "role");
    let key = field(answer, "key");
    let who = match text_of(key, "id") {
        "" => format!("The {role}."),
        id => format!(
            "Key {} ({id}), role {role}, namespace {}, organization {}.",
            text_of(key, "name"),
            text_of(answer, "namespace"),
            text_of(answer, "organization"),
        ),
    };
    let mut parts = vec![who];
    let limits: Vec<Vec<String>> = items(answer, "scopes").flat_map(limits).collect();
    parts.push(match limits.is_empty() {
        true => "No limit is set.".to_owned(),
        false => {
            let columns = [
                text("SCOPE"),
                text("LIMIT"),
                number("VALUE"),
                number("SPENT"),
                number("REMAINING"),
                text("RESETS"),
                text("SET BY"),
            ];
            output::table(&columns, limits)
        }
    });
    let price = |model: &Value, field_name: &str| dollars(field(model, field_name));
    let models = items(answer, "models").map(|model| {
        vec![
            text_of(model, "model").to_owned(),
            price(model, "input_usd_per_million"),
            price(model, "output_usd_per_million"),
        ]
    });
    let columns = [
        text("MODEL"),
        number("INPUT, A MILLION"),
        number("OUTPUT, A MILLION"),
    ];
    parts.push(output::table(&columns, models.collect()));
    parts.join("\n\n")
}

fn limits(level: &Value) -> Vec<Vec<String>> {
    let scope = text_of(level, "scope");
    let kind = scope.split(':').next().unwrap_or_default();
    let name = format!("{kind} {}", text_of(level, "name"));
    let soft = |limit: &Value| match field(limit, "soft") {
        Value::Bool(true) => " (told, not enforced)",
        _ => "",
    };
    let budgets = items(level, "budgets").map(|budget| {
        vec![
            name.clone(),
            format!("{} budget{}", text_of(budget, "period"), soft(budget)),
            dollars(field(budget, "limit_usd")),
            dollars(field(budget, "spent_usd")),
            dollars(field(budget, "remaining_usd")),
            cell(field(budget, "resets_at")),
            text_of(budget, "set_by").to_owned(),
        ]
    });
    let none = || "-".to_owned();
    let rates = items(level, "rates").map(|rate| {
        vec![
            name.clone(),
            format!("{}{}", text_of(rate, "limit"), soft(rate)),
            cell(field(rate, "value")),
            none(),
            none(),
            none(),
            kind.to_owned(),
        ]
    });
    budgets.chain(rates).collect()
}
