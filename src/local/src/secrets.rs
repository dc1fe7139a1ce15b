//! Secrets that are made once and kept in a file only their owner can read.

use anyhow::{Context, bail};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A secret from a file.
pub struct Kept {
    /// The secret.
    pub value: String,
    /// Whether it was made just now.
    pub made: bool,
}

/// Reads the secret in `path`, or makes one there: `prefix` and 256 random bits.
pub fn keep(path: &Path, prefix: &str) -> anyhow::Result<Kept> {
    match std::fs::read_to_string(path) {
        Ok(text) if text.trim().len() >= 16 => {
            return Ok(Kept {
                value: text.trim().to_owned(),
                made: false,
            });
        }
        Ok(_) => bail!(
            "{} holds no usable secret. Delete it and start again.",
            path.display()
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).context(format!("cannot read {}", path.display())),
    }
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).context("the system has no randomness")?;
    let value = format!("{prefix}{}", hex::encode(random));
    write(path, &value)?;
    Ok(Kept { value, made: true })
}

/// Writes a secret, readable by its owner only.
pub fn write(path: &Path, secret: &str) -> anyhow::Result<()> {
    let written = (|| {
        // Made anew: an older file may have wider permissions.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(secret.as_bytes())
    })();
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let first = keep(&path, "pk-").unwrap();
        assert!(first.made && first.value.starts_with("pk-") && first.value.len() == 67);
        let again = keep(&path, "pk-").unwrap();
        assert!(!again.made && again.value == first.value);
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        std::fs::write(&path, "short").unwrap();
        assert!(keep(&path, "pk-").is_err());
    }
}
