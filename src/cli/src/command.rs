//! The command line as clap knows it.

use crate::commands::{
    apply, audit, backup, check, correct, costs, delete, demo, describe, get, init, keys, login,
    prices, quickstart, reconcile, status, tail, usage, verify, whoami,
};
use clap::{ArgMatches, CommandFactory, Parser, Subcommand};
use paddock_server::config::ServeOptions;
use std::ffi::OsString;
use std::path::PathBuf;

/// Keys, limits, budgets and metering for shared LLM providers.
///
/// Exit codes: 0 success, or nothing to do; 1 failure, or a check found problems; 2 differences were
/// found and not applied; 64 the command line is wrong.
#[derive(Debug, Parser)]
#[command(name = "paddock", version)]
pub struct Cli {
    /// The configuration file [default: paddock.toml in the working folder, if it exists].
    #[arg(long, global = true, env = "PADDOCK_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the accounting service.
    #[command(after_help = "Examples:
  paddock serve --config paddock.toml
  paddock serve --database-url postgres://paddock@db/paddock --listen 0.0.0.0:10080
  paddock serve --config paddock.toml --print-config

A flag comes before an environment variable, and both come before the configuration file.")]
    Serve(Box<ServeOptions>),
    /// Create an admin key, a gateway token and a configuration file.
    #[command(after_help = "Examples:
  paddock init
  paddock init --directory /etc/paddock --listen 0.0.0.0:10080")]
    Init(init::Options),
    /// Create a folder from which the service and Envoy run against real providers.
    #[command(after_help = "Examples:
  paddock quickstart --provider openai --provider anthropic
  paddock quickstart --provider gemini --directory trial --filter paddock.wasm

It has what `paddock init` creates, an envoy.yaml, and a first file for `paddock apply`.")]
    Quickstart(quickstart::Options),
    /// Create or update organizations, prices, aliases, namespaces and keys as a file describes them.
    #[command(after_help = "Examples:
  paddock apply -f paddock.yaml --dry-run
  paddock apply -f paddock.yaml --secrets-file new-keys.json
  generate-config | paddock apply -f -

Objects and fields that the file does not name are left as they are.")]
    Apply(apply::Options),
    /// List objects, or show one.
    #[command(after_help = "Examples:
  paddock get namespaces
  paddock get keys --namespace team-a
  paddock get keys team-a/copywriter -o json
  paddock get alerts --namespace team-a
  paddock get keys --filter role=developer --sort-by=-monthly_quota_usd -o wide
  paddock get namespaces -o csv >namespaces.csv

A limit in parentheses is not the object's own: it has it from what it belongs to.")]
    Get(get::Options),
    /// Delete objects. What was booked stays in every total.
    #[command(after_help = "Examples:
  paddock delete key team-a/copywriter
  paddock delete alert runaway --namespace team-a --yes
  paddock get keys --namespace team-a --filter enabled=false -o name | xargs -r paddock delete key --yes")]
    Delete(delete::Options),
    /// Look whether service, clocks, gateways, bookings, deliveries and prices are well; ends with 1 if not.
    Status(status::Options),
    /// Show the versions of this command, the service and the filters.
    Version(status::Options),
    /// Keep the address of a service and a key for it, and use them from now on.
    #[command(after_help = "Examples:
  paddock login --url https://llm.example.com
  paddock login staging --url http://127.0.0.1:10000 <staging.key

The key is asked for on the terminal, or read from standard input. It is kept in ~/.config/paddock, for you alone.")]
    Login(login::Options),
    /// Forget a context and its key.
    Logout {
        /// The context [default: the current one].
        name: Option<String>,
    },
    /// List the contexts that `paddock login` made, or choose one.
    #[command(subcommand)]
    Context(login::Action),
    /// Show whose key this is, what it may do, and what it has left.
    #[command(after_help = "Examples:
  paddock whoami --key-file copywriter.key
  paddock whoami -o json")]
    Whoami(whoami::Options),
    /// Fill the ledger with a month of made-up usage, for a look around.
    #[command(after_help = "Example:
  paddock demo

It makes an organization named northwind. Delete that organization's namespaces to be rid of it; what was
booked stays in the totals, so use a database of its own.")]
    Demo(demo::Options),
    /// Show requests, tokens and cost.
    #[command(after_help = "Examples:
  paddock usage
  paddock usage --namespace team-a --period current_month
  paddock usage --key team-a/copywriter -o json")]
    Usage(usage::Options),
    /// Show or export who pays for what.
    #[command(after_help = "Examples:
  paddock costs
  paddock costs --month 2026-10 --group-by tag --tag-key cost_center
  paddock costs --month 2026-10 --format csv --file october.csv
  paddock costs --period previous_month --format focus

Calls of a month that come late, after a crash, still count in it. Corrections count in the month in which they
are made.")]
    Costs(costs::Options),
    /// List, show, create, rotate, disable, enable or delete keys.
    #[command(subcommand)]
    Keys(keys::Action),
    /// Export the audit log, or check that it is complete and unchanged.
    #[command(subcommand)]
    Audit(audit::Action),
    /// Show usage as it is recorded.
    #[command(after_help = "Examples:
  paddock tail --namespace team-a --granularity 5s
  paddock tail -o json | jq .cost_usd")]
    Tail(tail::Options),
    /// Record usage events from Envoy's access log that are missing in the ledger.
    #[command(after_help = "Examples:
  paddock reconcile /var/log/envoy/access.log
  paddock reconcile --follow /var/log/envoy/access.log
  zcat access.log.*.gz | paddock reconcile

The token of a gateway is enough. Events that the ledger already has are not recorded again.")]
    Reconcile(reconcile::Options),
    /// Charge or give back money, as the operator. Nothing that is booked is changed.
    #[command(after_help = "Examples:
  paddock correct --event 019cf15e-1200-7ed3-9f81-90f9b26ba823 --amount-usd -0.75 \\
      --reason \"charged at the old price\" --reference ticket-81
  paddock correct --namespace team-a --amount-usd -20 --reason goodwill --reference ticket-82

Reports show it on the day it is made; a call's own month has room again.")]
    Correct(correct::Options),
    /// Import prices from a public price list, or make a catalog from one.
    #[command(subcommand)]
    Prices(prices::Action),
    /// Check files before they are used.
    #[command(after_help = "Examples:
  paddock check envoy.yaml paddock.yaml
  paddock check paddock.toml")]
    Check(check::Options),
    /// Recompute all totals from the recorded calls, and check the audit log.
    #[command(after_help = "Examples:
  paddock verify --config paddock.toml
  paddock verify --database-url-file /run/secrets/database -o json")]
    Verify(verify::Options),
    /// Copy a SQLite database while the service runs.
    #[command(after_help = "Example:
  paddock backup --config paddock.toml /backup/paddock.db")]
    Backup(backup::Options),
    /// Print the OpenAPI document of the management API.
    Openapi,
    /// Print what makes a shell complete commands, options and the names of objects that there are.
    #[command(after_help = "Examples:
  source <(paddock completions bash)
  paddock completions fish >~/.config/fish/completions/paddock.fish")]
    Completions {
        /// The shell.
        shell: describe::Shell,
    },
    /// Write the manual pages of all commands into a folder.
    #[command(after_help = "Example:
  paddock man ~/.local/share/man/man1")]
    Man {
        /// The folder; it is made if it is not there.
        folder: PathBuf,
    },
}

/// The file that `--config` or `PADDOCK_CONFIG` names: it must be read before the rest is parsed.
pub fn named_file(arguments: &[OsString]) -> Option<PathBuf> {
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
