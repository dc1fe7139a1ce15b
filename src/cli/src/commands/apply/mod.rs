//! `paddock apply`: creates and updates objects as a file describes them.
//!
//! Objects and fields that the file does not name are left as they are.

mod compare;
pub mod document;
mod fields;
mod plan;
mod secrets;
mod service;
mod step;

use crate::client::Client;
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output;
use anyhow::{Context, bail};
use document::Document;
use paddock_server::config::file::ConfigFile;
use plan::Plan;
use secrets::Secrets;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use step::Step;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// The file: YAML or JSON. `-` reads standard input.
    #[arg(long = "file", short = 'f', value_name = "FILE")]
    file: PathBuf,
    /// Only show the differences. Exits with 2 if there are any.
    #[arg(long)]
    dry_run: bool,
    /// Write the secrets of new keys and webhooks to this new file with mode 0600, one JSON object
    /// per line.
    #[arg(long, value_name = "FILE")]
    secrets_file: Option<PathBuf>,
    /// Print new secrets even if the output is not a terminal, for example in a CI log.
    #[arg(long, conflicts_with = "secrets_file")]
    print_secrets: bool,
}

/// Shows the differences and applies them.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let document = read(&options.file)?;
    let client = options.connection.open(file)?;
    let plan = Plan::make(&client, &document)?;
    let form = options.connection.output;
    if form.is_table() {
        output::print(&plan.shown())?;
    }
    if plan.steps.is_empty() || options.dry_run {
        if !form.is_table() {
            form.print_value(&plan.to_json(false, &[]))?;
        }
        let is_same = plan.steps.is_empty();
        return Ok(if is_same {
            Exit::Done
        } else {
            Exit::Differences
        });
    }
    let makes_some = plan.steps.iter().any(Step::makes_secret);
    let mut secrets = Secrets::open(
        makes_some,
        options.secrets_file.as_deref(),
        options.print_secrets,
    )?;
    perform(&client, &plan, &mut secrets)?;
    if !form.is_table() {
        form.print_value(&plan.to_json(true, secrets.to_print()))?;
        return Ok(Exit::Done);
    }
    output::print(&format!("Applied: {}.", plan.summary()))?;
    for made in secrets.to_print() {
        output::print(&secrets::line(made))?;
    }
    Ok(Exit::Done)
}

fn perform(client: &Client, plan: &Plan, secrets: &mut Secrets) -> anyhow::Result<()> {
    for (done, step) in plan.steps.iter().enumerate() {
        let answer = client.send(step.method.clone(), &step.path, &step.body);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                // Secrets that were created before are shown now or never.
                for made in secrets.to_print() {
                    output::print(&secrets::line(made))?;
                }
                let of = plan.steps.len();
                return Err(error).with_context(|| {
                    format!(
                        "stopped at {}, after {done} of {of} changes. Those are kept: correct the \
                         error and apply again",
                        step.what
                    )
                });
            }
        };
        if step.makes_secret() {
            secrets.keep(&answer)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Document> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    // JSON is YAML.
    let value: Value = serde_saphyr::from_str(&text)
        .with_context(|| format!("{} is neither YAML nor JSON", path.display()))?;
    match Document::read(&value) {
        Ok(document) => Ok(document),
        Err(problems) => {
            bail!(
                "{} has errors:\n  - {}",
                path.display(),
                problems.join("\n  - ")
            )
        }
    }
}
