//! The `paddock` command line: one file a command. What it knows of the service it asks over HTTP; only
//! `serve`, `verify` and `backup` open the database.

mod apply;
mod audit;
mod backup;
mod check;
mod client;
mod completions;
mod connection;
mod database;
mod defaults;
mod exit;
mod get;
mod init;
mod keys;
mod openapi;
mod output;
mod prices;
mod private_file;
mod progress;
mod reconcile;
mod serve;
mod tail;
mod usage;
mod verify;

use crate::exit::Exit;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use paddock_server::config::ServeOptions;
use paddock_server::config::file::ConfigFile;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Keys, limits, budgets and metering for shared LLM providers.
///
/// Exit codes: 0 done, or nothing to do; 1 failed, or what was checked is wrong; 2 differences
/// were found and not applied; 64 the command line is wrong.
#[derive(Debug, Parser)]
#[command(name = "paddock", version)]
struct Cli {
    /// The configuration file [default: paddock.toml in the working folder, if it exists].
    #[arg(long, global = true, env = "PADDOCK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the accounting service.
    Serve(Box<ServeOptions>),
    /// Create an admin key, a gateway token and a configuration file.
    Init(init::Options),
    /// Create and update organizations, prices, namespaces, keys, webhooks and alerts from a file.
    Apply(apply::Options),
    /// Show organizations, namespaces and their settings, keys, members, prices or roles.
    Get(get::Options),
    /// Show usage and cost.
    Usage(usage::Options),
    /// Create, rotate, disable or enable a key.
    Keys(keys::Options),
    /// Export the audit, or verify it.
    Audit(audit::Options),
    /// Show usage live, as it is booked.
    Tail(tail::Options),
    /// Book usage events of Envoy's access log that are missing in the ledger.
    Reconcile(reconcile::Options),
    /// Import prices from a public price list.
    Prices(prices::Options),
    /// Check a plugin configuration, an envoy.yaml, an apply file or a configuration file.
    Check(check::Options),
    /// Verify all sums against the booked calls, and the audit.
    Verify(verify::Options),
    /// Copy a SQLite database while the service runs.
    Backup(backup::Options),
    /// Print the management API as an OpenAPI document.
    Openapi,
    /// Print a completion script for a shell.
    Completions(completions::Options),
}

/// What sysexits.h calls `EX_USAGE`; clap's own 2 stands for differences here.
const WRONG_USAGE: u8 = 64;

/// The command line, with all that it knows of itself.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command line.
pub fn main() -> ExitCode {
    match run(std::env::args_os().collect()) {
        Ok(exit) => exit.into(),
        Err(Stop::Usage(error)) => {
            let is_error = error.use_stderr();
            // Nothing is left to do where the terminal is gone.
            let _ = error.print();
            ExitCode::from(if is_error { WRONG_USAGE } else { 0 })
        }
        Err(Stop::Failed(error)) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(Stop::Failed(error)) => {
            eprintln!("paddock: {error:#}");
            ExitCode::FAILURE
        }
    }
}

enum Stop {
    Usage(clap::Error),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Stop {
        Stop::Failed(error)
    }
}

fn run(arguments: Vec<OsString>) -> Result<Exit, Stop> {
    let file = ConfigFile::find(named_file(&arguments).as_deref())?;
    let command = defaults::apply(Cli::command(), &file)?;
    let matches = command.try_get_matches_from(arguments);
    let matches = matches.map_err(Stop::Usage)?;
    let cli = Cli::from_arg_matches(&matches).map_err(Stop::Usage)?;
    Ok(dispatch(cli.command, &matches, &file)?)
}

/// What `--config` or `PADDOCK_CONFIG` says: the file must be read before the rest can be parsed.
fn named_file(arguments: &[OsString]) -> Option<PathBuf> {
    let matches = Cli::command()
        .ignore_errors(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .try_get_matches_from(arguments)
        .ok()?;
    let mut level: Option<&ArgMatches> = Some(&matches);
    while let Some(matches) = level {
        if let Ok(Some(path)) = matches.try_get_one::<PathBuf>("config") {
            return Some(path.clone());
        }
        level = matches.subcommand().map(|(_, inner)| inner);
    }
    None
}

fn dispatch(command: Command, matches: &ArgMatches, file: &ConfigFile) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(options) => serve::run(*options, matches, &Cli::command()),
        Command::Init(options) => init::run(&options),
        Command::Apply(options) => apply::run(&options, file),
        Command::Get(options) => get::run(&options, file),
        Command::Usage(options) => usage::run(&options, file),
        Command::Keys(options) => keys::run(&options, file),
        Command::Audit(options) => audit::run(&options, file),
        Command::Tail(options) => tail::run(&options, file),
        Command::Reconcile(options) => reconcile::run(&options, file),
        Command::Prices(options) => prices::run(&options, file),
        Command::Check(options) => check::run(&options, &Cli::command()),
        Command::Verify(options) => verify::run(&options, file),
        Command::Backup(options) => backup::run(&options, file),
        Command::Openapi => openapi::run(),
        Command::Completions(options) => completions::run(&options, &mut Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_configuration_file_is_found_before_and_after_the_command() {
        for arguments in [
            vec!["paddock", "--config", "/a.toml", "get", "keys"],
            vec!["paddock", "get", "--config", "/a.toml", "keys"],
            vec!["paddock", "serve", "--config=/a.toml", "--no-such-flag"],
            vec!["paddock", "keys", "create", "x", "--config", "/a.toml"],
        ] {
            let arguments: Vec<OsString> = arguments.into_iter().map(OsString::from).collect();
            assert_eq!(
                named_file(&arguments),
                Some(PathBuf::from("/a.toml")),
                "{arguments:?}"
            );
        }
    }
}
