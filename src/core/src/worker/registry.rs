//! Which scopes have something of the service: a list a line, since a shared store has no listing.

use crate::store::{SharedStore, update};
use hashbrown::HashSet;

/// Adds scopes to a registry.
pub(super) fn add<S: SharedStore>(store: &mut S, key: &str, scopes: &[&str]) {
    if scopes.is_empty() {
        return;
    }
    // Out of attempts: what they have is not renewed and expires by itself.
    let _ = update(store, key, |text| {
        let mut missing: HashSet<&str> = scopes.iter().copied().collect();
        for line in lines(text) {
            missing.remove(line);
        }
        if missing.is_empty() {
            return (None, ());
        }
        let mut next = text.to_vec();
        for scope in scopes.iter().filter(|scope| missing.remove(**scope)) {
            next.extend_from_slice(scope.as_bytes());
            next.push(b'\n');
        }
        (Some(next), ())
    });
}

/// Removes scopes from a registry, all in one write: it is as long as there are scopes. Those that
/// have something after all stay.
pub(super) fn remove<S: SharedStore>(
    store: &mut S,
    key: &str,
    scopes: &HashSet<&str>,
    has: impl Fn(&mut S, &str) -> bool,
) {
    if scopes.is_empty() {
        return;
    }
    let _ = update(store, key, |text| {
        let kept = lines(text).filter(|line| !scopes.contains(line));
        let mut next: String = kept.flat_map(|line| [line, "\n"]).collect();
        if next.is_empty() {
            // An empty value counts as none, and would have no version.
            next.push('\n');
        }
        (Some(next.into_bytes()), ())
    });
    // Something may have come in between.
    let mut back: Vec<&str> = scopes.iter().copied().collect();
    back.retain(|scope| has(store, scope));
    add(store, key, &back);
}

pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    core::str::from_utf8(text)
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.is_empty())
}
