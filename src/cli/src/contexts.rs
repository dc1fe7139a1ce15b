//! The services that a person works with, each under a name, and which of them is meant if none is named.
//!
//! They are in `config.toml` of `$XDG_CONFIG_HOME/paddock` or `~/.config/paddock`
//! (<https://specifications.freedesktop.org/basedir-spec/latest/>), each key in a file of its own beside it.

use crate::private_file;
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Longest name of a context, in bytes.
const MAX_NAME: usize = 64;

/// All contexts of a person.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contexts {
    /// The one that is meant if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// By their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contexts: BTreeMap<String, Target>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<PathBuf>,
}

/// The folder of a person's configuration, if it is known.
fn folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = named("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.filter(|base| base.is_absolute());
    let base = base.or_else(|| Some(PathBuf::from(named("HOME")?).join(".config")));
    base.map(|base| base.join("paddock"))
}

fn known_folder() -> anyhow::Result<PathBuf> {
    folder().context("neither XDG_CONFIG_HOME nor HOME is set: there is no place for contexts")
}

/// The file with the key of a context.
pub fn key_file(name: &str) -> anyhow::Result<PathBuf> {
    Ok(known_folder()?.join(format!("{name}.key")))
}

/// An error if no context can have this name: it is one of a file.
pub fn check_name(name: &str) -> anyhow::Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fits = (1..=MAX_NAME).contains(&name.len()) && !name.starts_with('.');
    if !fits || !name.bytes().all(is_plain) {
        bail!("'{name}' is no name of a context: 1 to {MAX_NAME} letters, digits, '-', '_' or '.'");
    }
    Ok(())
}

impl Contexts {
    /// Those of this person; none if there is no file of them.
    pub fn read() -> anyhow::Result<Contexts> {
        let Some(path) = folder().map(|folder| folder.join("config.toml")) else {
            return Ok(Contexts::default());
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Contexts::default()),
            Err(error) => Err(error).context(format!("cannot read {}", path.display())),
        }
    }

    /// The context of this name.
    pub fn named(&self, name: &str) -> anyhow::Result<&Target> {
        self.contexts.get(name).with_context(|| {
            format!("there is no context '{name}'. `paddock context list` shows them, `paddock login` makes one")
        })
    }

    /// Keeps them.
    pub fn write(&self) -> anyhow::Result<()> {
        replace(
            &known_folder()?.join("config.toml"),
            &toml::to_string(self)?,
        )
    }
}

/// Keeps the key of a context.
pub fn keep_key(name: &str, key: &str) -> anyhow::Result<()> {
    replace(&key_file(name)?, &format!("{key}\n"))
}

/// Replaces a file that only its owner can read, whole or not at all.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let written = private_file::create(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        Ok(file.sync_all()?)
    });
    let renamed = written.and_then(|()| Ok(std::fs::rename(&new, path)?));
    if renamed.is_err() {
        // It is this command's own.
        let _ = std::fs::remove_file(&new);
    }
    renamed.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_no_other_folder() {
        for name in ["prod", "a.b-c_1"] {
            check_name(name).unwrap();
        }
        for name in ["", ".", "..", "../x", "a/b", "a b", &"x".repeat(65)] {
            check_name(name).unwrap_err();
        }
    }
}
