//! `paddock audit`: the log of every model call and every change.

use crate::client::{Client, escape, field};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{self, cell, number, text};
use crate::private_file;
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use paddock_server::config::file::ConfigFile;
use serde_json::Value;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// Export the audit log: every model call and every change.
    #[command(after_help = "Examples:
  paddock audit export --format csv --file audit.csv
  paddock audit export --namespace team-a --start-date 2026-01-01 --include-cost")]
    Export(Export),
    /// Check that no audit entry was changed, removed or inserted. Exits with 1 if one was.
    Verify {
        #[command(flatten)]
        connection: Connection,
        /// Only this organization [default: all].
        #[arg(long)]
        organization: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Json,
    Csv,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    #[command(flatten)]
    connection: Connection,
    /// Export format.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Write to this new file with mode 0600 instead of printing.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// Only entries from this date on, in RFC 3339 [default: 90 days ago].
    #[arg(long)]
    start_date: Option<String>,
    /// Only entries before this date.
    #[arg(long)]
    end_date: Option<String>,
    /// Only this action, like key.rotate.
    #[arg(long)]
    action: Option<String>,
    /// Include the cost of each call.
    #[arg(long)]
    include_cost: bool,
}

/// Does it.
pub fn run(action: &Action, file: &ConfigFile) -> anyhow::Result<Exit> {
    match action {
        Action::Export(options) => export(options, &options.connection.open(file)?),
        Action::Verify {
            connection,
            organization,
        } => verify(connection, organization.as_deref(), file),
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
    copied.context("the export stopped early: the output is incomplete")?;
    Ok(Exit::Done)
}

fn verify(
    connection: &Connection,
    organization: Option<&str>,
    file: &ConfigFile,
) -> anyhow::Result<Exit> {
    let client = connection.open(file)?;
    let mut path = "/v1/audit/verify".to_owned();
    if let Some(name) = organization {
        path.push_str(&format!("?organization={}", escape(name)));
    }
    let report = client.get(&path)?;
    let Some(is_valid) = field(&report, "valid").as_bool() else {
        bail!("the service's answer does not say whether the audit is valid");
    };
    connection.print(&report, |report| shown(report, is_valid))?;
    Ok(if is_valid { Exit::Done } else { Exit::Problems })
}

fn shown(report: &Value, is_valid: bool) -> String {
    let columns = [
        text("ORGANIZATION"),
        number("SEGMENTS"),
        number("ENTRIES"),
        text("VALID"),
    ];
    let chains = field(report, "chains").as_array();
    let chains: Vec<&Value> = chains.into_iter().flatten().collect();
    let row = |chain: &&Value| {
        let fields = ["organization", "segments", "entries", "valid"];
        let value = |name: &str| cell(field(chain, name));
        fields.into_iter().map(value).collect()
    };
    let mut lines = vec![output::table(&columns, chains.iter().map(row).collect())];
    for chain in &chains {
        let problems = field(chain, "problems").as_array();
        for problem in problems.into_iter().flatten() {
            lines.push(format!("  - {}", cell(problem)));
        }
    }
    lines.push(String::from(match is_valid {
        true => "\nNo entry was changed, removed or inserted.",
        false => "\nThe audit log was changed after it was written. Compare it with a backup.",
    }));
    lines.join("\n")
}
