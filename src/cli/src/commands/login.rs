//! `paddock login`, `paddock logout` and `paddock context`: the services that a person works with.

use crate::client::{Client, text_of};
use crate::connection::Connection;
use crate::contexts::{self, Contexts, Target};
use crate::exit::Exit;
use crate::output::{self, Output, text};
use anyhow::{Context, bail};
use clap::Subcommand;
use paddock_ledger::model::secret::Secret;
use serde_json::json;
use std::io::{ErrorKind, IsTerminal, Read};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// What to call it.
    #[arg(default_value = "default")]
    name: String,
    /// URL of the service, or of the Envoy in front of it.
    #[arg(long)]
    url: String,
    /// A PEM file of certificate authorities to trust instead of the public ones.
    #[arg(long, value_name = "FILE")]
    ca_certificate: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Action {
    /// List the contexts; a star marks the one that is used.
    List {
        /// Output format.
        #[arg(long, short, value_enum, default_value = "table")]
        output: Output,
    },
    /// Use this context from now on.
    Use {
        /// Its name.
        name: String,
    },
}

/// Asks for a key, tries it, and keeps it with the service's address.
pub fn login(options: &Options) -> anyhow::Result<Exit> {
    contexts::check_name(&options.name)?;
    let authorities = options.ca_certificate.as_ref();
    let authorities = authorities.map(|path| {
        path.canonicalize()
            .with_context(|| format!("cannot read {}", path.display()))
    });
    let target = Target {
        url: Connection::base(&options.url)?,
        ca_certificate: authorities.transpose()?,
    };
    let key = asked()?;
    let secret = Secret::from(key.clone());
    let authorities = target.ca_certificate.as_deref();
    let client = Client::new(
        target.url.clone(),
        secret,
        "the terminal".to_owned(),
        authorities,
    )?;
    let answer = client.get("/v1/whoami")?;
    let mut known = Contexts::read()?;
    contexts::keep_key(&options.name, &key)?;
    known.contexts.insert(options.name.clone(), target);
    known.current = Some(options.name.clone());
    known.write()?;
    output::print(&format!(
        "Logged in at {} as {}. Commands use the context '{}' from now on.",
        options.url,
        text_of(&answer, "role"),
        options.name
    ))?;
    Ok(Exit::Done)
}

/// A key from the terminal, where it is not shown, or from standard input.
fn asked() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    let key = if stdin.is_terminal() {
        rpassword::prompt_password("API key: ")?
    } else {
        let mut text = String::new();
        stdin.take(64 << 10).read_to_string(&mut text)?;
        text
    };
    let key = key.trim();
    if key.is_empty() || key.contains(char::is_whitespace) {
        bail!("one API key is expected, on the terminal or on standard input");
    }
    Ok(key.to_owned())
}

/// Forgets a context and its key.
pub fn logout(name: Option<&str>) -> anyhow::Result<Exit> {
    let mut known = Contexts::read()?;
    let name = name.map(str::to_owned).or(known.current.clone());
    let name = name.context("there is no context to log out of")?;
    known.named(&name)?;
    match std::fs::remove_file(contexts::key_file(&name)?) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    known.contexts.remove(&name);
    known.current.take_if(|current| *current == name);
    known.write()?;
    output::print(&format!(
        "Forgot the context '{name}' and its key. The key itself still works."
    ))?;
    Ok(Exit::Done)
}

/// Lists contexts, or chooses one.
pub fn context(action: &Action) -> anyhow::Result<Exit> {
    let mut known = Contexts::read()?;
    match action {
        Action::List { output: form } => {
            form.must_fit_one_answer()?;
            list(&known, *form)?;
        }
        Action::Use { name } => {
            known.named(name)?;
            known.current = Some(name.clone());
            known.write()?;
            output::print(&format!("Commands use the context '{name}' from now on."))?;
        }
    }
    Ok(Exit::Done)
}

fn list(known: &Contexts, form: Output) -> anyhow::Result<()> {
    let is_current = |name: &String| known.current.as_ref() == Some(name);
    if !form.is_table() {
        let one = |(name, target): (&String, &Target)| json!({ "name": name, "url": target.url, "current": is_current(name) });
        return form.print_value(&known.contexts.iter().map(one).collect());
    }
    let columns = [text("CURRENT"), text("NAME"), text("URL")];
    let row = |(name, target): (&String, &Target)| {
        let star = if is_current(name) { "*" } else { "" };
        vec![star.to_owned(), name.clone(), target.url.clone()]
    };
    output::print(&output::table(
        &columns,
        known.contexts.iter().map(row).collect(),
    ))
}
