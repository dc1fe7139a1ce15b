//! Secrets of the operator that are in files.

use anyhow::{Context, bail};
use paddock_ledger::model::secret::Secret;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Says in the log if others on this machine can read a file.
pub fn warn_if_shared(path: &Path) {
    let Ok(found) = std::fs::metadata(path) else {
        return;
    };
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let (path, mode) = (path.display(), format!("{mode:03o}"));
        tracing::warn!(%path, mode, "others on this machine can use this file: chmod 600 it");
    }
}

/// Reads the secret in a file, without the blanks around it.
///
/// # Errors
/// The file cannot be read or is empty.
pub fn read(path: &Path) -> anyhow::Result<Secret> {
    warn_if_shared(path);
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
