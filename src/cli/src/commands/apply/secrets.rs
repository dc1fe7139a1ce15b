//! Where the secrets of new keys and webhooks go: to a new file, or once to the terminal.

use crate::client::field;
use crate::output::cell;
use crate::private_file;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Where secrets go; decided before the first is created.
pub struct Secrets {
    file: Option<File>,
    to_print: Vec<Value>,
}

impl Secrets {
    /// Creates the file if the plan creates secrets. It fails if they would go into a log that nobody
    /// asked for.
    pub fn open(makes_some: bool, path: Option<&Path>, print: bool) -> anyhow::Result<Secrets> {
        let file = match path {
            Some(path) if makes_some => Some(private_file::create(path)?),
            _ => None,
        };
        if makes_some && file.is_none() && !print && !std::io::stdout().is_terminal() {
            bail!(
                "nothing was changed: the plan creates secrets, and the output is not a terminal. Use \
                 --secrets-file FILE or --print-secrets"
            );
        }
        Ok(Secrets {
            file,
            to_print: Vec::new(),
        })
    }

    /// Keeps a new secret, in the file at once.
    pub fn keep(&mut self, answer: &Value) -> anyhow::Result<()> {
        let made = secret_of(answer)?;
        let Some(file) = &mut self.file else {
            self.to_print.push(made);
            return Ok(());
        };
        writeln!(file, "{made}")
            .and_then(|()| file.sync_all())
            .with_context(|| {
                let which = cell(field(&made, "id"));
                format!("cannot write the secret of {which}: create a new one")
            })
    }

    /// Those that were not written to a file.
    pub fn to_print(&self) -> &[Value] {
        &self.to_print
    }
}

/// One secret, for people.
pub fn line(made: &Value) -> String {
    let text = |name: &str| cell(field(made, name));
    format!(
        "The secret of {}/{} ({}), shown only once: {}",
        text("namespace"),
        text("name"),
        text("id"),
        made.get("key")
            .or(made.get("secret"))
            .map_or_else(String::new, cell)
    )
}

/// A secret and its owner.
fn secret_of(answer: &Value) -> anyhow::Result<Value> {
    let text = |name: &str| field(answer, name).as_str();
    let secret = ["key", "secret"]
        .into_iter()
        .find(|name| text(name).is_some());
    let secret = secret.context("the service's answer has no secret")?;
    Ok(json!({
        "id": text("id"),
        "namespace": text("namespace"),
        "name": text("name").or(text("url")),
        secret: text(secret),
    }))
}
