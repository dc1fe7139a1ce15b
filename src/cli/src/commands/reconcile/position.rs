//! How far a log is read, kept in a file.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A place in a file. Its name may change, its device and its inode do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    device: u64,
    inode: u64,
    /// Bytes that are done.
    pub offset: u64,
}

impl Position {
    /// The beginning of a file.
    pub fn start(of: &Metadata) -> Position {
        Position {
            device: of.dev(),
            inode: of.ino(),
            offset: 0,
        }
    }

    /// Another place in the same file.
    pub fn at(self, offset: u64) -> Position {
        Position { offset, ..self }
    }

    /// Whether it is in this file.
    pub fn is_in(&self, file: &Metadata) -> bool {
        (self.device, self.inode) == (file.dev(), file.ino())
    }

    /// Reads what was kept; `None` if nothing was.
    pub fn read(path: &Path) -> anyhow::Result<Option<Position>> {
        match fs::read(path) {
            Ok(text) => {
                let position = serde_json::from_slice(&text);
                let position = position
                    .with_context(|| format!("{} is no position in a log", path.display()))?;
                Ok(Some(position))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Keeps it: there is always a whole one in the file.
    pub fn keep(&self, path: &Path) -> anyhow::Result<()> {
        let mut new = path.to_owned().into_os_string();
        new.push(".new");
        let new = PathBuf::from(new);
        fs::write(&new, serde_json::to_vec(self)?)
            .and_then(|()| fs::rename(&new, path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The files of a log: itself, and those it was renamed to, that are not compressed. The oldest first.
pub fn files(log: &Path) -> anyhow::Result<Vec<(PathBuf, Metadata)>> {
    let folder = log.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let name = log.file_name().context("the access log has no name")?;
    let mut files: Vec<(SystemTime, PathBuf, Metadata)> = Vec::new();
    let entries = fs::read_dir(folder);
    for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let other = entry.file_name();
        let is_one = other
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes())
            .is_some_and(|rest| rest.first().is_none_or(|next| b".-".contains(next)));
        let kind = Path::new(&other).extension().and_then(|kind| kind.to_str());
        if !is_one || matches!(kind, Some("gz" | "zst" | "xz" | "bz2" | "position" | "new")) {
            continue;
        }
        // It may have been renamed or removed since.
        let Ok(metadata) = fs::metadata(entry.path()) else {
            continue;
        };
        if metadata.is_file() {
            files.push((metadata.modified()?, entry.path(), metadata));
        }
    }
    // The log itself is the newest, whenever it was written.
    files.sort_by_key(|(modified, path, _)| (path == log, *modified));
    let files = files.into_iter();
    Ok(files.map(|(_, path, metadata)| (path, metadata)).collect())
}

/// Opens the file that a position is in, if it is still there.
pub fn find(log: &Path, position: &Position) -> anyhow::Result<Option<File>> {
    for (path, metadata) in files(log)? {
        if position.is_in(&metadata) {
            return Ok(Some(File::open(&path)?));
        }
    }
    Ok(None)
}
