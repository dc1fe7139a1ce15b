//! New files that only their owner can read.

use anyhow::Context;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Creates a file with mode 0600; it fails if the file exists.
pub fn create(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| {
            format!(
                "cannot create {}: choose a file that does not exist yet, in a folder you can write to",
                path.display()
            )
        })
}
