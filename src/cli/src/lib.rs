//! The `paddock` command line. It knows the service through its HTTP API alone; only `serve`, `verify`
//! and `backup` open the database.
//!
//! `command` is the command line, `commands` has one file or folder a command, `completion` finds the names
//! of objects. `kind` and `listing`, `client`, `connection`, `contexts`, `database`, `settings`, `output`,
//! `private_file` and `exit` are what commands share.
//!
//! Absent from this crate: SQL, decisions about keys, limits and money.

#![forbid(unsafe_code)]

mod client;
mod command;
mod commands;
mod completion;
mod connection;
mod contexts;
mod database;
mod exit;
mod kind;
mod listing;
mod output;
mod private_file;
mod settings;

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use command::{Cli, Command};
use commands::{
    apply, audit, backup, check, correct, costs, delete, demo, describe, get, init, keys, login,
    prices, quickstart, reconcile, serve, status, tail, usage, verify, whoami,
};
use exit::Exit;
use paddock_server::config::file::ConfigFile;
use std::ffi::OsString;
use std::process::ExitCode;

/// What sysexits.h calls `EX_USAGE`; clap's own 2 stands for differences here.
const WRONG_USAGE: u8 = 64;

/// The command line, as clap knows it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command line.
pub fn main() -> ExitCode {
    completion::answer(Cli::command);
    match run(std::env::args_os().collect()) {
        Ok(exit) => exit.into(),
        Err(Stop::Usage(error)) => {
            let is_error = error.use_stderr();
            // Nothing is left to do if the terminal is gone.
            let _ = error.print();
            ExitCode::from(if is_error { WRONG_USAGE } else { 0 })
        }
        Err(Stop::Failed(error)) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(Stop::Failed(error)) => {
            eprintln!("paddock: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, without those that it has told already, as errors of databases do.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
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
    let file = ConfigFile::find(command::named_file(&arguments).as_deref())?;
    let command = settings::layered(Cli::command(), &file, &arguments)?;
    let matches = command.try_get_matches_from(arguments);
    let matches = matches.map_err(Stop::Usage)?;
    let cli = Cli::from_arg_matches(&matches).map_err(Stop::Usage)?;
    Ok(dispatch(cli.command, &matches, &file)?)
}

fn dispatch(command: Command, matches: &ArgMatches, file: &ConfigFile) -> anyhow::Result<Exit> {
    match command {
        Command::Serve(options) => serve::run(*options, matches, &Cli::command()),
        Command::Init(options) => init::run(&options),
        Command::Quickstart(options) => quickstart::run(&options),
        Command::Apply(options) => apply::run(&options, file),
        Command::Get(options) => get::run(&options, file),
        Command::Delete(options) => delete::run(&options, file),
        Command::Status(options) => status::run(&options, file),
        Command::Version(options) => status::version(&options, file),
        Command::Login(options) => login::login(&options),
        Command::Logout { name } => login::logout(name.as_deref()),
        Command::Context(action) => login::context(&action),
        Command::Demo(options) => demo::run(&options, file),
        Command::Costs(options) => costs::run(&options, file),
        Command::Usage(options) => usage::run(&options, file),
        Command::Whoami(options) => whoami::run(&options, file),
        Command::Keys(action) => keys::run(&action, file),
        Command::Audit(action) => audit::run(&action, file),
        Command::Tail(options) => tail::run(&options, file),
        Command::Reconcile(options) => reconcile::run(&options, file),
        Command::Correct(options) => correct::run(&options, file),
        Command::Prices(action) => prices::run(&action, file),
        Command::Check(options) => check::run(&options, &Cli::command()),
        Command::Verify(options) => verify::run(&options, file),
        Command::Backup(options) => backup::run(&options, file),
        Command::Openapi => describe::openapi(),
        Command::Completions { shell } => describe::completions(shell),
        Command::Man { folder } => describe::man(&folder, Cli::command()),
    }
}
