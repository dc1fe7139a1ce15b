//! The names of keys, deleted ones included, and the e-mail addresses of their members.

use paddock_ledger::store::{StoreError, Tx, keys, members};
use std::collections::HashMap;

/// How many names are remembered at most. Then all are forgotten.
const MOST: usize = 10_000;

/// The names of keys and the e-mail addresses of their members, by the keys' ids.
#[derive(Debug, Default)]
pub struct Names {
    names: HashMap<String, String>,
    emails: HashMap<String, String>,
}

impl Names {
    /// The name of a key that was loaded; `None` if it is not known.
    pub fn of(&self, id: &str) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    /// The address of the member a loaded key belongs to; `None` if it belongs to none.
    pub fn email_of(&self, id: &str) -> Option<&str> {
        self.emails.get(id).map(String::as_str)
    }

    /// Loads the names and addresses of these keys that are not loaded yet.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn load<'a>(
        &mut self,
        tx: &mut Tx,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        if self.names.len() > MOST {
            self.names.clear();
            self.emails.clear();
        }
        let mut unknown: Vec<&str> = ids.filter(|id| !self.names.contains_key(*id)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        self.names.extend(keys::names(tx, &unknown).await?);
        self.emails
            .extend(members::emails_of_keys(tx, &unknown).await?);
        Ok(())
    }
}
