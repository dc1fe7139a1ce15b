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

/// A store to try things on: what is read is real, what is written is forgotten.
#[derive(Debug)]
pub struct Unwritten<'a, S>(pub &'a S);

impl<S: SharedStore> SharedStore for Unwritten<'_, S> {
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        self.0.get(key)
    }

    fn put(&mut self, _: &str, _: &[u8], _: Option<Version>) -> Result<(), Conflict> {
        Ok(())
    }
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

mod layout;

pub use layout::{Flag, bytes_of, read_as};

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
pub(crate) mod turns;
