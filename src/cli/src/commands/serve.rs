//! `paddock serve`: runs the service, or prints its settings.

use crate::exit::Exit;
use crate::output;
use anyhow::Context;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use paddock_server::config::ServeOptions;
use paddock_server::serve;
use std::fmt::Write;

/// Runs the service until SIGTERM or SIGINT.
pub fn run(options: ServeOptions, matches: &ArgMatches, cli: &Command) -> anyhow::Result<Exit> {
    if options.print_config {
        serve::check(&options)?;
        let matches = matches.subcommand_matches("serve").context("no command")?;
        output::print(&in_force(matches, cli))?;
        return Ok(Exit::Done);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("cannot start the runtime")?;
    runtime.block_on(serve::run(options, paddock_console::with_console))?;
    Ok(Exit::Done)
}

/// Every setting as a configuration file, with its source.
fn in_force(matches: &ArgMatches, cli: &Command) -> String {
    let mut text = String::from("[serve]\n");
    let serve = cli.find_subcommand("serve");
    for argument in serve.into_iter().flat_map(Command::get_arguments) {
        let name = argument.get_id().as_str();
        if ["help", "config", "print_config"].contains(&name) {
            continue;
        }
        let source = match matches.value_source(name) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            Some(ValueSource::DefaultValue) if is_own_default(argument, matches) => "default",
            Some(_) => "file",
            None => {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "# {name} is not set");
                continue;
            }
        };
        let value = shown(argument, matches);
        let _ = writeln!(text, "{name} = {value} # {source}");
    }
    text
}

fn raw(name: &str, matches: &ArgMatches) -> String {
    let values = matches.get_raw(name).into_iter().flatten();
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    values.join(",")
}

fn is_own_default(argument: &Arg, matches: &ArgMatches) -> bool {
    let name = argument.get_id().as_str();
    if matches!(argument.get_action(), clap::ArgAction::SetTrue) {
        return !matches.get_flag(name);
    }
    let own = argument.get_default_values().iter();
    own.map(|value| value.to_string_lossy())
        .eq([raw(name, matches)])
}

fn shown(argument: &Arg, matches: &ArgMatches) -> toml::Value {
    let name = argument.get_id().as_str();
    if matches!(argument.get_action(), clap::ArgAction::SetTrue) {
        return toml::Value::Boolean(matches.get_flag(name));
    }
    let text = raw(name, matches);
    if name == "database_url" {
        return toml::Value::String(without_password(&text));
    }
    // A value that the help hides is a secret.
    if argument.is_hide_env_values_set() {
        return toml::Value::String("redacted".to_owned());
    }
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(number), _) => toml::Value::Integer(number),
        (_, Ok(number)) => toml::Value::Float(number),
        _ => toml::Value::String(text),
    }
}

/// A URL of a database whose password, and parameters that may hold one, are not shown.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    if scheme == "sqlite" {
        return url.to_owned();
    }
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?redacted"),
        None => (rest, ""),
    };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:redacted@{host}{query}")
        }
        None => format!("{scheme}://{rest}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            (
                "postgres://u:p@w@h:5432/d?password=x",
                "postgres://u:redacted@h:5432/d?redacted",
            ),
            ("postgres://h/d", "postgres://h/d"),
            (
                "sqlite:///var/lib/paddock.db",
                "sqlite:///var/lib/paddock.db",
            ),
            ("paddock.db", "paddock.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
