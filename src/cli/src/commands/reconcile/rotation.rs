//! A log that is kept short: nobody else rotates it where it is written for the ledger alone.

use super::position::Position;
use crate::client;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};

/// When the log gets another name, and who is then told to open a new one.
pub struct Rotation {
    log: PathBuf,
    /// What it is renamed to.
    old: PathBuf,
    max_bytes: u64,
    /// Where Envoy opens its logs anew:
    /// <https://www.envoyproxy.io/docs/envoy/latest/operations/admin#post--reopen_logs>.
    reopen: String,
    http: reqwest::blocking::Client,
}

impl Rotation {
    /// Of a log that may have so many bytes. `admin` is the URL of Envoy's admin interface.
    ///
    /// # Errors
    /// There can be no client of it.
    pub fn new(log: &Path, max_bytes: u64, admin: &str) -> anyhow::Result<Rotation> {
        let mut old = log.to_owned().into_os_string();
        old.push(".1");
        Ok(Rotation {
            log: log.to_owned(),
            old: old.into(),
            max_bytes,
            reopen: format!("{}/reopen_logs", admin.trim_end_matches('/')),
            http: client::plain()?,
        })
    }

    /// Renames the log if it is too long, and has Envoy open a new one. As long as Envoy has not, it is told
    /// again at each look. `length` is of the log that is read, in bytes.
    ///
    /// # Errors
    /// The log cannot be renamed. An Envoy that does not answer is no error: it opens a new log when it starts.
    pub fn look(&self, length: u64) -> anyhow::Result<()> {
        if fs::exists(&self.log)? {
            if length <= self.max_bytes || fs::exists(&self.old)? {
                return Ok(());
            }
            fs::rename(&self.log, &self.old)
                .with_context(|| format!("cannot rename {}", self.log.display()))?;
        }
        let told = self.http.post(&self.reopen).send();
        if let Err(error) = told.and_then(|answer| answer.error_for_status()) {
            eprintln!("paddock: Envoy was not told to open its log anew: {error}");
        }
        Ok(())
    }

    /// Deletes a file, all of which is in the ledger, if it was renamed here.
    ///
    /// # Errors
    /// It cannot be deleted.
    pub fn done(&self, finished: &Position) -> anyhow::Result<()> {
        let was_renamed = fs::metadata(&self.old).is_ok_and(|old| finished.is_in(&old));
        if was_renamed {
            fs::remove_file(&self.old)
                .with_context(|| format!("cannot delete {}", self.old.display()))?;
        }
        Ok(())
    }
}
