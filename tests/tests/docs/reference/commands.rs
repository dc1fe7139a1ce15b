//! The command line, and the settings of `paddock serve`.

use super::{code, table};
use anyhow::Context;
use clap::{Arg, ArgAction, Command};

/// Options that several commands have; shown once.
const SHARED: [&str; 4] = ["url", "key_file", "ca_certificate", "output"];
/// Shown nowhere: every command has them.
const EVERYWHERE: [&str; 3] = ["help", "version", "config"];

pub fn settings() -> anyhow::Result<String> {
    let command = built();
    let serve = command.find_subcommand("serve");
    let serve = serve.context("there is no `paddock serve`")?;
    let rows = options(serve).map(|option| {
        let env = option.get_env().map(|name| code(&name.to_string_lossy()));
        [
            name(option),
            env.unwrap_or_default(),
            default(option),
            help(option),
        ]
    });
    Ok(table(["flag", "environment", "default", "meaning"], rows))
}

pub fn all() -> String {
    let command = built();
    let mut text = String::new();
    let mut shared = Vec::new();
    for command in command.get_subcommands() {
        section("paddock", command, &mut text, &mut shared);
    }
    text.push_str("## Options of commands that ask the service\n\n");
    text.push_str(&table(["option", "default", "meaning"], shared));
    text.push('\n');
    text
}

fn built() -> Command {
    let mut command = paddock_cli::command();
    command.build();
    command
}

/// A command and those below it.
fn section(above: &str, command: &Command, text: &mut String, shared: &mut Vec<[String; 3]>) {
    let path = format!("{above} {}", command.get_name());
    if command.get_name() == "help" {
        return;
    }
    let about = command.get_about().map(ToString::to_string);
    let about = about.unwrap_or_default();
    let about = about.trim_end_matches('.');
    if command.has_subcommands() {
        for command in command.get_subcommands() {
            section(&path, command, text, shared);
        }
        return;
    }
    text.push_str(&format!("## {path}\n\n{about}.\n\n"));
    if command.get_name() == "serve" {
        text.push_str("[Service settings](settings.md) lists its options.\n\n");
        return;
    }
    let mut rows = Vec::new();
    let asks_the_service = options(command).any(|option| option.get_id() == SHARED[0]);
    for option in command.get_positionals().chain(options(command)) {
        let row = [name(option), default(option), help(option)];
        if !asks_the_service || !SHARED.contains(&option.get_id().as_str()) {
            rows.push(row);
        } else if !shared.contains(&row) {
            shared.push(row);
        }
    }
    if !rows.is_empty() {
        text.push_str(&table(["option", "default", "meaning"], rows));
        text.push('\n');
    }
    if asks_the_service {
        text.push_str(
            "And the [options of commands that ask the service]\
             (#options-of-commands-that-ask-the-service).\n\n",
        );
    }
}

/// The flags of a command that are its own.
fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    let flags = command.get_arguments().filter(|option| {
        !option.is_positional() && !EVERYWHERE.contains(&option.get_id().as_str())
    });
    flags.filter(|option| !option.is_hide_set())
}

fn name(option: &Arg) -> String {
    let takes_value = matches!(option.get_action(), ArgAction::Set | ArgAction::Append);
    let value = option.get_value_names().and_then(<[_]>::first);
    let value = value.map_or(String::new(), ToString::to_string);
    match (option.get_long(), takes_value) {
        (None, _) => code(&value),
        (Some(long), true) => code(&format!("--{long} {value}")),
        (Some(long), false) => code(&format!("--{long}")),
    }
}

fn default(option: &Arg) -> String {
    if matches!(option.get_action(), ArgAction::SetTrue) {
        return String::new(); // Off.
    }
    let values = option.get_default_values().iter();
    let values: Vec<String> = values.map(|value| code(&value.to_string_lossy())).collect();
    values.join(", ")
}

fn help(option: &Arg) -> String {
    let help = option.get_long_help().or(option.get_help());
    let help = help.map_or(String::new(), ToString::to_string);
    help.trim_end_matches('.').to_owned()
}
