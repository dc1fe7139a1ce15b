//! Secrets of the operator that are in files.

use anyhow::{Context, bail};
use paddock_ledger::model::secret::Secret;
use std::path::Path;

/// Reads the secret in a file, without the blanks around it.
///
/// # Errors
/// The file cannot be read or is empty.
pub fn read(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the secret in {}", path.display()))?;
    match text.trim() {
        "" => bail!("{} is empty: it must hold a secret", path.display()),
        secret => Ok(Secret::from(secret.to_owned())),
    }
}

/// The secret as given, or the secret in the file. `flag` names the option.
///
/// # Errors
/// Both are given, or neither, or the file cannot be read.
pub fn choose(given: Option<&Secret>, file: Option<&Path>, flag: &str) -> anyhow::Result<Secret> {
    match (given, file) {
        (Some(secret), None) => Ok(secret.clone()),
        (None, Some(path)) => read(path),
        (Some(_), Some(_)) => bail!("both --{flag} and --{flag}-file are set: set only one"),
        (None, None) => bail!(
            "--{flag} is not set: set PADDOCK_{} or --{flag}-file. `paddock init` creates one",
            flag.to_uppercase().replace('-', "_")
        ),
    }
}
