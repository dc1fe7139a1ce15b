//! Completes the names of objects from what the service has. Where the service cannot be asked, there is
//! nothing to choose from, and no error: it would stand in the middle of what somebody types.

use crate::connection::Connection;
use crate::kind::{Kind, Owner};
use anyhow::Context;
use clap::{Command, Parser};
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::{CompleteEnv, Shells};
use paddock_server::config::file::ConfigFile;
use std::ffi::OsStr;

/// The variable in which a shell says that it wants to complete, and which it is.
const VARIABLE: &str = "COMPLETE";
/// Names that are offered at most.
const MOST: usize = 200;

/// Answers a shell that asks what may come next on this command line; otherwise does nothing.
pub fn answer(command: fn() -> Command) {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

/// What a shell must run to ask.
pub fn registration(shell: &str) -> anyhow::Result<String> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).context("there is no such shell")?;
    let mut script = Vec::new();
    completer.write_registration(VARIABLE, "paddock", "paddock", "paddock", &mut script)?;
    Ok(String::from_utf8(script)?)
}

/// The way to the service with the options of the environment and the configuration file alone.
#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    connection: Connection,
}

/// The names of all objects of a kind, as commands take them.
fn names(kind: Kind) -> anyhow::Result<Vec<String>> {
    let file = ConfigFile::find(None)?;
    let defaults = Defaults::try_parse_from(["paddock"])?;
    let client = defaults.connection.open(&file)?;
    let all = kind.all(&client, Owner::default())?;
    Ok(all.iter().map(|item| kind.name(item)).collect())
}

fn candidates(kind: Kind, current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(begun) = current.to_str() else {
        return Vec::new();
    };
    let names = names(kind).unwrap_or_default().into_iter();
    let fitting = names.filter(|name| name.starts_with(begun)).take(MOST);
    fitting.map(CompletionCandidate::new).collect()
}

/// Namespaces.
pub fn namespaces(current: &OsStr) -> Vec<CompletionCandidate> {
    candidates(Kind::Namespaces, current)
}

/// Organizations.
pub fn organizations(current: &OsStr) -> Vec<CompletionCandidate> {
    candidates(Kind::Organizations, current)
}

/// Keys.
pub fn keys(current: &OsStr) -> Vec<CompletionCandidate> {
    candidates(Kind::Keys, current)
}

/// Models.
pub fn models(current: &OsStr) -> Vec<CompletionCandidate> {
    candidates(Kind::Prices, current)
}

/// Objects of the kinds that commands list most: namespaces, keys, models and organizations.
pub fn objects(current: &OsStr) -> Vec<CompletionCandidate> {
    let kinds = [
        Kind::Namespaces,
        Kind::Keys,
        Kind::Prices,
        Kind::Organizations,
    ];
    kinds
        .into_iter()
        .flat_map(|kind| candidates(kind, current))
        .collect()
}
