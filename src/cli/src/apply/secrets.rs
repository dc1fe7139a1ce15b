//! Where new secrets go, of keys and of what signs for webhooks: to a file of the owner's, or to the
//! terminal, once.

use crate::output::cell;
use crate::private_file;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Where they go. It is decided before the first is made.
pub struct Secrets {
    file: Option<File>,
    to_print: Vec<Value>,
}

impl Secrets {
    /// Makes the file, where secrets are going to be made.
    ///
    /// # Errors
    /// Where it is there already, or where secrets would go into a log that nobody asked for.
    pub fn open(makes_some: bool, path: Option<&Path>, print: bool) -> anyhow::Result<Secrets> {
        let file = match path {
            Some(path) if makes_some => Some(private_file::create(path)?),
            _ => None,
        };
        if makes_some && file.is_none() && !print && !std::io::stdout().is_terminal() {
            bail!(
                "nothing was changed: secrets are to be made, and the output is no terminal. Say \
                 where they go with --secrets-file FILE, or --print-secrets"
            );
        }
        Ok(Secrets {
            file,
            to_print: Vec::new(),
        })
    }

    /// Keeps a secret that was just made: in the file at once.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn keep(&mut self, answer: &Value) -> anyhow::Result<()> {
        let made = secret_of(answer)?;
        let Some(file) = &mut self.file else {
            self.to_print.push(made);
            return Ok(());
        };
        writeln!(file, "{made}")
            .and_then(|()| file.sync_all())
            .with_context(|| {
                let which = cell(made.get("id").unwrap_or(&Value::Null));
                format!("the secret of {which} could not be written: make another")
            })
    }

    /// Those that no file took.
    pub fn to_print(&self) -> &[Value] {
        &self.to_print
    }
}

/// One secret for a person.
pub fn line(made: &Value) -> String {
    let field = |name: &str| cell(made.get(name).unwrap_or(&Value::Null));
    format!(
        "The secret of {}/{} ({}), shown this once: {}",
        field("namespace"),
        field("name"),
        field("id"),
        made.get("key")
            .or(made.get("secret"))
            .map_or_else(String::new, cell)
    )
}

/// A secret with what tells whose it is.
fn secret_of(answer: &Value) -> anyhow::Result<Value> {
    let field = |name: &str| answer.get(name).and_then(Value::as_str);
    let secret = ["key", "secret"]
        .into_iter()
        .find(|name| field(name).is_some());
    let secret = secret.context("the service's answer has no secret")?;
    Ok(json!({
        "id": field("id"),
        "namespace": field("namespace"),
        "name": field("name").or(field("url")),
        secret: field(secret),
    }))
}
