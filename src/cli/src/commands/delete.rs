//! `paddock delete`: deletes objects.

use crate::completion;
use crate::connection::Connection;
use crate::exit::Exit;
use crate::kind::{Kind, Owner};
use crate::listing::title;
use crate::output;
use anyhow::bail;
use clap_complete::engine::ArgValueCompleter;
use paddock_server::config::file::ConfigFile;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// The kind of object.
    kind: Kind,
    /// Its name, or for a key its id or NAMESPACE/NAME; several of one kind may be named.
    #[arg(required = true, add = ArgValueCompleter::new(completion::objects))]
    names: Vec<String>,
    /// The namespace of a member, webhook, alert or reservation.
    #[arg(long, short, add = ArgValueCompleter::new(completion::namespaces))]
    namespace: Option<String>,
    /// The organization of budgets, or whose changes of a role are taken back.
    #[arg(long, add = ArgValueCompleter::new(completion::organizations))]
    organization: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
}

/// Deletes them. What was booked stays in every total.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let kind = options.kind;
    let owner = Owner {
        namespace: options.namespace.as_deref(),
        organization: options.organization.as_deref(),
    };
    kind.check(owner)?;
    // All of them are there, before the first is gone.
    let mut found = Vec::new();
    for name in &options.names {
        let item = kind.one(&client, owner, name)?;
        found.push((title(kind, &item), kind.path(owner, &item)?));
    }
    let named: Vec<&str> = found.iter().map(|(title, _)| title.as_str()).collect();
    let with = match kind {
        Kind::Namespaces => ", with all keys and members in it",
        _ => "",
    };
    if !options.yes && !agreed(&format!("Delete {}{with}?", named.join(", ")))? {
        return Ok(Exit::Differences);
    }
    let mut answers = Vec::new();
    for (title, path) in &found {
        answers.push(client.send(Method::DELETE, path, &json!({}))?);
        if options.connection.output.is_table() {
            output::print(&format!("Deleted {title}."))?;
        }
    }
    if !options.connection.output.is_table() {
        options
            .connection
            .output
            .print_value(&Value::Array(answers))?;
    }
    Ok(Exit::Done)
}

/// Asks on the terminal.
pub fn agreed(question: &str) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!(
            "nothing was changed: standard input is not a terminal. Use --yes to answer yes to: {question}"
        );
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    stdin.read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
