//! The settings of the configuration file become the defaults of `paddock serve`: a flag comes before
//! an environment variable, and both come before the file.

use anyhow::bail;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, Command, ValueHint};
use paddock_server::config::file::ConfigFile;
use std::cmp::Ordering;
use std::ffi::OsString;
use toml::Value;

/// The command line in which the file's settings are the defaults of `paddock serve`. Of `--x` and
/// `--x-file` only the one from the nearest source counts.
pub fn layered(
    command: Command,
    file: &ConfigFile,
    arguments: &[OsString],
) -> anyhow::Result<Command> {
    let farther = farther_twins(&command, arguments);
    let command = farther.iter().fold(command, |command, (name, id)| {
        command.mut_subcommand(name, |sub| sub.mut_arg(id, |arg| arg.env(None::<&str>)))
    });
    let mut file = file.clone();
    for (_, id) in &farther {
        file.serve.remove(id);
    }
    as_defaults(command, &file)
}

/// The options whose twin (`--x-file` of `--x`, and the reverse) comes from a nearer source, each with
/// its subcommand.
fn farther_twins(command: &Command, arguments: &[OsString]) -> Vec<(String, String)> {
    let matches = command.clone().ignore_errors(true);
    let matches = matches.disable_help_flag(true).disable_version_flag(true);
    let Ok(matches) = matches.try_get_matches_from(arguments) else {
        return Vec::new();
    };
    let Some((name, matches)) = matches.subcommand() else {
        return Vec::new();
    };
    let rank = |id: &str| match matches.try_contains_id(id) {
        Ok(true) => match matches.value_source(id) {
            Some(ValueSource::CommandLine) => 2,
            Some(ValueSource::EnvVariable) => 1,
            _ => 0,
        },
        _ => 0,
    };
    let options = command.find_subcommand(name).into_iter();
    let options = options.flat_map(Command::get_arguments);
    let twins = options.filter_map(|option| option.get_id().as_str().strip_suffix("_file"));
    let farther = twins.filter_map(|id| {
        let with_file = format!("{id}_file");
        match rank(id).cmp(&rank(&with_file)) {
            Ordering::Less => Some(id.to_owned()),
            Ordering::Equal => None,
            Ordering::Greater => Some(with_file),
        }
    });
    let known = |id: &String| {
        let mut options = command.find_subcommand(name)?.get_arguments();
        options.find(|option| option.get_id() == id.as_str())
    };
    let farther = farther.filter(|id| known(id).is_some());
    farther.map(|id| (name.to_owned(), id)).collect()
}

/// The command line in which the file's settings are the defaults of `paddock serve`. The error is every
/// setting that is unknown or invalid.
pub fn as_defaults(command: Command, file: &ConfigFile) -> anyhow::Result<Command> {
    let Some(serve) = command.find_subcommand("serve").cloned() else {
        return Ok(command);
    };
    let mut problems = Vec::new();
    let mut defaults = Vec::new();
    for (name, value) in &file.serve {
        let argument = serve
            .get_arguments()
            .find(|argument| argument.get_id() == name);
        match argument.filter(|argument| is_setting(argument)) {
            None => problems.push(format!("unknown setting serve.{name}")),
            Some(argument) => match text(argument, value, file) {
                None => problems.push(format!(
                    "serve.{name} must be a string, a number, a boolean, or a list or table of those"
                )),
                Some(text) => {
                    problems.extend(refusal(argument, &text));
                    defaults.push((name.clone(), text));
                }
            },
        }
    }
    if !problems.is_empty() {
        let path = file.path.as_deref().map(|path| path.display().to_string());
        bail!(
            "{} has errors:\n  - {}",
            path.unwrap_or_default(),
            problems.join("\n  - ")
        );
    }
    Ok(command.mut_subcommand("serve", |serve| {
        defaults.into_iter().fold(serve, |serve, (name, text)| {
            // A required option that the file sets need not be repeated.
            serve.mut_arg(name, |argument| {
                argument.default_value(text).required(false)
            })
        })
    }))
}

fn is_setting(argument: &Arg) -> bool {
    !["config", "print_config", "help"].contains(&argument.get_id().as_str())
}

fn text(argument: &Arg, value: &Value, file: &ConfigFile) -> Option<String> {
    match value {
        Value::String(text) if argument.get_value_hint() == ValueHint::FilePath => {
            Some(file.resolve(text).display().to_string())
        }
        Value::String(text) => Some(text.clone()),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => Some(value.to_string()),
        Value::Array(items) => {
            let texts = items.iter().map(|item| text(argument, item, file));
            Some(texts.collect::<Option<Vec<String>>>()?.join(","))
        }
        Value::Table(items) => {
            let texts = items.iter().map(|(name, item)| match item {
                Value::Table(_) | Value::Array(_) => None,
                item => Some(format!("{name}={}", text(argument, item, file)?)),
            });
            Some(texts.collect::<Option<Vec<String>>>()?.join(","))
        }
        _ => None,
    }
}

/// The error of the command line for this value alone.
fn refusal(argument: &Arg, text: &str) -> Option<String> {
    let id = argument.get_id().to_string();
    let is_flag = matches!(argument.get_action(), ArgAction::SetTrue);
    if is_flag {
        let is_right = ["true", "false"].contains(&text);
        return (!is_right).then(|| format!("serve.{id} must be true or false"));
    }
    let alone = argument.clone().required(false).env(None::<&str>);
    let value = format!("--{}={text}", argument.get_long()?);
    let error = Command::new("serve")
        .arg(alone)
        .try_get_matches_from(["serve", &value]);
    let error = error.err()?.to_string();
    // The first line is the error; the rest is advice about the command line.
    let reason = error
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    Some(format!("serve.{id}: {reason}"))
}
