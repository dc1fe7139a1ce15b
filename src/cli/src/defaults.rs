//! What the configuration file says becomes the defaults of `paddock serve`, so that flags come
//! before the environment and both before the file.

use anyhow::bail;
use clap::{Arg, ArgAction, Command, ValueHint};
use paddock_server::config::file::ConfigFile;
use toml::Value;

/// The command line with the file's defaults.
///
/// # Errors
/// Every setting of the file that is not known or cannot be read.
pub fn apply(command: Command, file: &ConfigFile) -> anyhow::Result<Command> {
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
            None => problems.push(format!("there is no setting serve.{name}")),
            Some(argument) => match text(argument, value, file) {
                None => problems.push(format!(
                    "serve.{name} must be a text, a number, a boolean, or a list or a table of those"
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
            "the configuration {} is wrong:\n  - {}",
            path.unwrap_or_default(),
            problems.join("\n  - ")
        );
    }
    Ok(command.mut_subcommand("serve", |serve| {
        defaults.into_iter().fold(serve, |serve, (name, text)| {
            // What the file gives need not be given again.
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

/// What the command line would say of the value, alone.
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
    // clap says it in one line and adds how to get help.
    let reason = error
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    Some(format!("serve.{id}: {reason}"))
}
