//! Files that only their owner can read, and that replace no other.

use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Makes a file with mode 0600.
///
/// # Errors
/// Where it is there already, or cannot be made.
pub fn create(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| {
            format!(
                "cannot make {}: choose a file that is not there yet, in a folder you may write to",
                path.display()
            )
        })
}
