//! A store in memory that can be told to let writes conflict, and to let others write in between.

use super::{Conflict, SharedStore, Version};
use std::collections::{HashMap, VecDeque};

/// Something another worker does to the store.
pub(crate) type Interruption = Box<dyn FnOnce(&mut FakeStore)>;

/// Every `put` consumes one entry of `conflicts` (true means somebody else was faster) and one of
/// `interruptions`, which happens between the `get` before it and the write itself.
#[derive(Default)]
pub(crate) struct FakeStore {
    pub(crate) values: HashMap<String, (Vec<u8>, u32)>,
    pub(crate) conflicts: Vec<bool>,
    pub(crate) interruptions: VecDeque<Option<Interruption>>,
}

impl FakeStore {
    /// Another store with the same values, and nothing planned.
    pub(crate) fn copy(&self) -> FakeStore {
        FakeStore {
            values: self.values.clone(),
            ..FakeStore::default()
        }
    }
}

impl core::fmt::Debug for FakeStore {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FakeStore")
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}

impl SharedStore for FakeStore {
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        let (value, version) = self.values.get(key)?;
        (!value.is_empty()).then(|| (value.clone(), Version(*version)))
    }

    fn put(&mut self, key: &str, value: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        if let Some(Some(interruption)) = self.interruptions.pop_front() {
            let others = core::mem::take(&mut self.interruptions);
            interruption(self);
            self.interruptions = others;
        }
        if self.conflicts.pop() == Some(true) {
            // The winner wrote the same value again: the version moves all the same.
            if let Some((_, version)) = self.values.get_mut(key) {
                *version += 1;
            }
            return Err(Conflict);
        }
        let present = self.values.get(key).map(|(_, version)| Version(*version));
        if present != version {
            return Err(Conflict);
        }
        let next = version.map_or(1, |version| version.0 + 1);
        self.values.insert(key.to_owned(), (value.to_owned(), next));
        Ok(())
    }
}
