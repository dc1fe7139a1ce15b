//! `paddock audit`: the record of what was called and changed.

use super::client::{Client, escape};
use super::connection::Connection;
use super::output::{self, Output, cell, number, text};
use super::private_file;
use crate::exit::Exit;
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use paddock_server::config::file::ConfigFile;
use serde_json::Value;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Export every model call and every change.
    Export(Export),
    /// Verify that no entry was altered, removed or inserted. Exits with 1 if one was.
    Verify {
        #[command(flatten)]
        connection: Connection,
        /// One organization's chain [default: all].
        #[arg(long)]
        organization: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Csv,
}

#[derive(Debug, clap::Args)]
struct Export {
    #[command(flatten)]
    connection: Connection,
    /// json or csv.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Write to this new file, with mode 0600, instead of printing.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// One namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// From this date or moment, RFC 3339 [default: 90 days ago].
    #[arg(long)]
    start_date: Option<String>,
    /// Until this date or moment.
    #[arg(long)]
    end_date: Option<String>,
    /// One action, such as key.rotate; key. for all that begin so.
    #[arg(long)]
    action: Option<String>,
    /// Include the cost of each call.
    #[arg(long)]
    include_cost: bool,
}

/// Does it.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    match &options.action {
        Action::Export(options) => export(options, &options.connection.open(file)?),
        Action::Verify {
            connection,
            organization,
        } => verify(
            connection.output,
            organization.as_deref(),
            &connection.open(file)?,
        ),
    }
}

fn export(options: &Export, client: &Client) -> anyhow::Result<Exit> {
    let format = match options.format {
        Format::Json => "json",
        Format::Csv => "csv",
    };
    let mut path = format!("/v1/audit?format={format}");
    for (name, value) in [
        ("namespace", &options.namespace),
        ("start_date", &options.start_date),
        ("end_date", &options.end_date),
        ("action", &options.action),
    ] {
        if let Some(value) = value {
            path.push_str(&format!("&{name}={}", escape(value)));
        }
    }
    if options.include_cost {
        path.push_str("&include_cost=true");
    }
    let mut source = client.stream(&path, None)?;
    let copied = match &options.file {
        Some(path) => {
            let mut file = private_file::create(path)?;
            let copied = std::io::copy(&mut source, &mut file);
            copied.and_then(|_| file.sync_all())
        }
        None => std::io::copy(&mut source, &mut std::io::stdout().lock()).map(|_| ()),
    };
    copied.context("the export broke off: what was written is not whole")?;
    Ok(Exit::Done)
}

fn verify(form: Output, organization: Option<&str>, client: &Client) -> anyhow::Result<Exit> {
    let mut path = "/v1/audit/verify".to_owned();
    if let Some(name) = organization {
        path.push_str(&format!("?organization={}", escape(name)));
    }
    let report = client.get(&path)?;
    let Some(is_valid) = report.get("valid").and_then(Value::as_bool) else {
        bail!("the service's answer does not say whether the audit is valid");
    };
    match form {
        Output::Json => output::print_json(&report)?,
        Output::Table => output::print(&shown(&report, is_valid))?,
    }
    Ok(if is_valid { Exit::Done } else { Exit::NotRight })
}

fn shown(report: &Value, is_valid: bool) -> String {
    let columns = [
        text("ORGANIZATION"),
        number("SEGMENTS"),
        number("ENTRIES"),
        text("VALID"),
    ];
    let chains = report.get("chains").and_then(Value::as_array);
    let chains: Vec<&Value> = chains.into_iter().flatten().collect();
    let row = |chain: &&Value| {
        let fields = ["organization", "segments", "entries", "valid"];
        let value = |field: &str| cell(chain.get(field).unwrap_or(&Value::Null));
        fields.into_iter().map(value).collect()
    };
    let mut lines = vec![output::table(&columns, chains.iter().map(row).collect())];
    for chain in &chains {
        let problems = chain.get("problems").and_then(Value::as_array);
        for problem in problems.into_iter().flatten() {
            lines.push(format!("  - {}", cell(problem)));
        }
    }
    lines.push(String::from(match is_valid {
        true => "\nNothing was altered, removed or put in.",
        false => "\nThe audit is not what was written. Compare with a backup.",
    }));
    lines.join("\n")
}
