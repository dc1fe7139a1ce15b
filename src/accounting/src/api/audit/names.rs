//! What keys are called, those that are no more included.

use crate::store::{StoreError, Tx, keys};
use std::collections::HashMap;

/// Most names remembered: then all are forgotten.
const MOST: usize = 10_000;

/// The names of keys, by their ids.
#[derive(Debug, Default)]
pub struct Names(HashMap<String, String>);

impl Names {
    /// The name of a key that was loaded; `None` where nobody knows it.
    pub fn of(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// Makes sure that the names of these keys are known, where there are any.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn load<'a>(
        &mut self,
        tx: &mut Tx,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        if self.0.len() > MOST {
            self.0.clear();
        }
        let mut unknown: Vec<&str> = ids.filter(|id| !self.0.contains_key(*id)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        self.0.extend(keys::names(tx, &unknown).await?);
        Ok(())
    }
}
