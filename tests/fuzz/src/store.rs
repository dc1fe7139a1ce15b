//! What all workers of an Envoy share, in memory.

use paddock_core::admission::ScopeRecord;
use paddock_core::store::{Conflict, SharedStore, Version};
use std::collections::BTreeMap;

/// Shared data in memory.
#[derive(Debug, Default)]
pub struct Store(BTreeMap<String, (Vec<u8>, u32)>);

impl Store {
    /// The records of scopes.
    pub fn records(&self) -> impl Iterator<Item = ScopeRecord> {
        self.0.values().map(|(bytes, _)| ScopeRecord::decode(bytes))
    }
}

impl SharedStore for Store {
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        let (value, version) = self.0.get(key)?;
        (!value.is_empty()).then(|| (value.clone(), Version(*version)))
    }

    fn put(&mut self, key: &str, value: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        let present = self.0.get(key).map(|(_, version)| Version(*version));
        if present != version {
            return Err(Conflict);
        }
        let next = version.map_or(1, |version| version.0 + 1);
        self.0.insert(key.to_owned(), (value.to_owned(), next));
        Ok(())
    }
}
