//! `paddock costs`: who pays for what in a month or another time.

use crate::client::{Client, escape, field, text_of};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, cell, dollars, number, text};
use crate::private_file;
use anyhow::{Context, bail};
use clap::ValueEnum;
use paddock_server::config::file::ConfigFile;
use serde_json::Value;
use std::path::PathBuf;
use time::Month;

/// Rows of a table for people.
const ROWS: usize = 1_000;

/// What costs are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GroupBy {
    Namespace,
    Organization,
    Model,
    Upstream,
    Key,
    User,
    Tag,
}

/// How costs are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A row a group.
    Csv,
    /// The columns of FOCUS 1.2: a row a day, namespace, model and set of labels.
    Focus,
}

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// A calendar month, like 2026-10 [default: the present one].
    #[arg(long, conflicts_with_all = ["start_date", "end_date", "period"])]
    month: Option<String>,
    /// current_month, previous_month, all, or days like 7d.
    #[arg(long, conflicts_with_all = ["start_date", "end_date"])]
    period: Option<String>,
    /// The first UTC day, like 2026-10-01.
    #[arg(long)]
    start_date: Option<String>,
    /// The last UTC day.
    #[arg(long)]
    end_date: Option<String>,
    /// Who or what is charged.
    #[arg(long, value_enum, default_value = "namespace")]
    group_by: GroupBy,
    /// With --group-by tag: only labels of this name, like cost_center.
    #[arg(long)]
    tag_key: Option<String>,
    /// Only this organization.
    #[arg(long)]
    organization: Option<String>,
    /// Only this namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// Only this model.
    #[arg(long)]
    model: Option<String>,
    /// Export all rows as comma-separated values.
    #[arg(long, value_enum, conflicts_with = "output")]
    format: Option<Format>,
    /// Write the export to this new file with mode 0600 instead of printing.
    #[arg(long, value_name = "FILE", requires = "format")]
    file: Option<PathBuf>,
}

/// Shows or exports them.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let mut query = time(options)?;
    for (name, value) in [
        ("tag_key", &options.tag_key),
        ("organization", &options.organization),
        ("namespace", &options.namespace),
        ("model", &options.model),
    ] {
        query.extend(value.as_ref().map(|value| (name, value.clone())));
    }
    if options.format != Some(Format::Focus) {
        let group = options.group_by.to_possible_value();
        query.extend(group.map(|group| ("group_by", group.get_name().to_owned())));
    }
    let client = options.connection.open(file)?;
    let path = |more: &str| {
        let query = query.iter();
        let query = query.map(|(name, value)| format!("{name}={}&", escape(value)));
        format!("/v1/usage/table?{}{more}", query.collect::<String>())
    };
    match options.format {
        None => {
            let answer = client.get(&path(&format!("limit={ROWS}")))?;
            options.connection.print(&answer, shown)?;
        }
        Some(Format::Csv) => export(&client, &path("format=csv"), options)?,
        Some(Format::Focus) => export(&client, &path("format=focus"), options)?,
    }
    Ok(Exit::Done)
}

/// The parameters that say the time.
fn time(options: &Options) -> anyhow::Result<Vec<(&'static str, String)>> {
    if let Some(month) = &options.month {
        let Some(days) = days_of(month) else {
            bail!("'{month}' is no month: write it like 2026-10");
        };
        return Ok(vec![
            ("start_date", format!("{month}-01")),
            ("end_date", format!("{month}-{days}")),
        ]);
    }
    let mut time = Vec::new();
    time.extend(options.start_date.clone().map(|day| ("start_date", day)));
    time.extend(options.end_date.clone().map(|day| ("end_date", day)));
    if time.is_empty() {
        let period = options.period.as_deref().unwrap_or("current_month");
        time.push(("period", period.to_owned()));
    }
    Ok(time)
}

/// How many days a month like 2026-10 has.
fn days_of(month: &str) -> Option<u8> {
    let (year, month) = month.split_once('-')?;
    if year.len() != 4 || month.len() != 2 {
        return None;
    }
    let year: u16 = year.parse().ok()?;
    let month: u8 = month.parse().ok()?;
    Some(Month::try_from(month).ok()?.length(year.into()))
}

fn export(client: &Client, path: &str, options: &Options) -> anyhow::Result<()> {
    let mut source = client.stream(path, None)?;
    let copied = match &options.file {
        Some(path) => {
            let mut file = private_file::create(path)?;
            let copied = std::io::copy(&mut source, &mut file);
            copied.and_then(|_| file.sync_all())
        }
        None => std::io::copy(&mut source, &mut std::io::stdout().lock()).map(|_| ()),
    };
    copied.context("the export stopped early: the output is incomplete")
}

fn shown(answer: &Value) -> String {
    let columns = [
        text("NAME"),
        text("ORGANIZATION"),
        number("REQUESTS"),
        number("TOKENS"),
        number("COST"),
        number("BEFORE"),
        number("BUDGET"),
        number("SPENT"),
        number("FORECAST"),
    ];
    let rows = field(answer, "data").as_array().into_iter().flatten();
    let rows = rows.map(|row| {
        let namespace = text_of(row, "namespace");
        let name = text_of(row, "name");
        vec![
            match namespace {
                "" => name.to_owned(),
                namespace => format!("{namespace}/{name}"),
            },
            cell(field(row, "organization")),
            cell(field(row, "requests")),
            cell(field(row, "tokens")),
            dollars(field(row, "cost_usd")),
            dollars(field(row, "previous_cost_usd")),
            dollars(field(row, "monthly_quota_usd")),
            dollars(field(row, "month_spent_usd")),
            dollars(field(row, "projected_month_usd")),
        ]
    });
    let table = output::table(&columns, rows.collect());
    let total = field(answer, "total");
    let (start, end) = (text_of(answer, "start"), text_of(answer, "end"));
    let more = match field(answer, "has_more").as_bool() {
        Some(true) => format!("\nOnly the first {ROWS} rows are shown: --format csv has all."),
        _ => String::new(),
    };
    format!(
        "{table}\n\nFrom {start} to {end}: {} requests, {}. In as much time before: {}.{more}\n\
         BUDGET, SPENT and FORECAST are of the present month.",
        cell(field(total, "requests")),
        dollars(field(total, "cost_usd")),
        dollars(field(answer, "previous_cost_usd")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_their_days() {
        let months = [
            ("2026-10", 31),
            ("2026-02", 28),
            ("2028-02", 29),
            ("2026-04", 30),
        ];
        for (month, days) in months {
            assert_eq!(days_of(month), Some(days));
        }
        for bad in [
            "2026",
            "2026-13",
            "2026-1",
            "26-01",
            "2026-10-01",
            "-026-10",
            "october",
        ] {
            assert_eq!(days_of(bad), None, "{bad}");
        }
    }
}
