//! The one question the core may ask while it decides: state shared by the workers of one Envoy.

/// A version of a value, to be given back when it is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u32);

/// Somebody else replaced the value in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict;

/// Small values by key, replaced by compare-and-swap.
pub trait SharedStore {
    /// The value and its version; `None` where there is none (or an empty one).
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)>;

    /// Replaces the value of `version`, or creates it where `version` is `None`.
    ///
    /// # Errors
    /// [`Conflict`] where the value is no longer of that version, or exists already.
    fn put(&mut self, key: &str, value: &[u8], version: Option<Version>) -> Result<(), Conflict>;
}

/// How often a compare-and-swap is tried anew before its caller gives up. Each failure means that
/// another worker succeeded, so running out takes this many successes of others within a
/// microsecond each.
pub const MAX_ATTEMPTS: u32 = 10_000;

/// Reads, changes and writes the value of `key` until no other worker interferes.
///
/// `change` gets the present value (empty where there is none) and answers what to write (`None`:
/// nothing) and what to return.
///
/// # Errors
/// [`Conflict`] after [`MAX_ATTEMPTS`].
pub fn update<S: SharedStore, T>(
    store: &mut S,
    key: &str,
    mut change: impl FnMut(&[u8]) -> (Option<Vec<u8>>, T),
) -> Result<T, Conflict> {
    for _ in 0..MAX_ATTEMPTS {
        let (present, version) = match store.get(key) {
            Some((value, version)) => (value, Some(version)),
            None => (Vec::new(), None),
        };
        let (next, result) = change(&present);
        match next {
            None => return Ok(result),
            Some(next) if store.put(key, &next, version).is_ok() => return Ok(result),
            Some(_) => {}
        }
    }
    Err(Conflict)
}

#[cfg(test)]
pub(crate) mod fake {
    //! A store in memory that can be told to let writes conflict.

    use super::{Conflict, SharedStore, Version};
    use std::collections::HashMap;

    /// Every `put` consumes one entry of `conflicts`: true means somebody else was faster.
    #[derive(Debug, Default)]
    pub(crate) struct FakeStore {
        pub(crate) values: HashMap<String, (Vec<u8>, u32)>,
        pub(crate) conflicts: Vec<bool>,
    }

    impl SharedStore for FakeStore {
        fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
            let (value, version) = self.values.get(key)?;
            (!value.is_empty()).then(|| (value.clone(), Version(*version)))
        }

        fn put(
            &mut self,
            key: &str,
            value: &[u8],
            version: Option<Version>,
        ) -> Result<(), Conflict> {
            let present = self.values.get(key).map(|(_, version)| Version(*version));
            if self.conflicts.pop() == Some(true) {
                // The winner wrote the same value again: the version moves all the same.
                if let Some((_, version)) = self.values.get_mut(key) {
                    *version += 1;
                }
                return Err(Conflict);
            }
            if present != version {
                return Err(Conflict);
            }
            let next = version.map_or(1, |version| version.0 + 1);
            self.values.insert(key.to_owned(), (value.to_owned(), next));
            Ok(())
        }
    }
}
