//! Secrets an operator gives: as they are, or in a file.

use anyhow::{Context, bail};
use std::fmt;
use std::path::Path;

/// A secret an operator chose: it is never shown.
#[derive(Clone, Default)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(text)
    }
}

impl Secret {
    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret in a file, without the blanks around it.
    ///
    /// # Errors
    /// If the file cannot be read or is empty.
    pub fn read(path: &Path) -> anyhow::Result<Secret> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the secret in {}", path.display()))?;
        match text.trim() {
            "" => bail!("{} is empty: it must hold a secret", path.display()),
            secret => Ok(Secret(secret.to_owned())),
        }
    }

    /// The secret as given, or the one in the file.
    ///
    /// # Errors
    /// If both are given, or neither, or the file cannot be read. `flag` names the option.
    pub fn of(given: Option<&Secret>, file: Option<&Path>, flag: &str) -> anyhow::Result<Secret> {
        match (given, file) {
            (Some(secret), None) => Ok(secret.clone()),
            (None, Some(path)) => Secret::read(path),
            (Some(_), Some(_)) => bail!(
                "--{flag} and --{flag}-file (or the environment's or the file's settings of these \
                 names) exclude each other"
            ),
            (None, None) => bail!(
                "there is no --{flag}: set PADDOCK_{} or --{flag}-file. `paddock init` makes one",
                flag.to_uppercase().replace('-', "_")
            ),
        }
    }
}
