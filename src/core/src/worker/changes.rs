//! Policy changes on their way from the worker that syncs to all workers of the Envoy.

use crate::cache::PolicyCache;
use crate::ids::InstallationId;
use crate::store::{Conflict, SharedStore, Version, bytes_of, read_as};
use crate::wire::PolicyChanges;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes};

const HEAD_KEY: &str = "changes";
const INSTALLATION_KEY: &str = "installation";
/// Changes kept for workers that have not read them. A worker reads ten times a second and changes
/// come once, so one that falls this far behind has been away.
const KEPT: u64 = 16;

/// One worker's place in the feed: a bounded ring of records in shared data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeFeed {
    seen: u64,
}

/// What the newest record of the feed is, and the policy's revision after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
struct Head {
    number: u64,
    revision: u64,
}

/// What changes say of themselves.
#[derive(Serialize, Deserialize)]
struct Outline {
    #[serde(default)]
    revision: u64,
    installation: Option<InstallationId>,
    #[serde(default)]
    reset: bool,
}

impl ChangeFeed {
    /// A worker that starts with an empty cache: nothing up to now concerns it. Also answers the
    /// policy's revision.
    pub fn join<S: SharedStore>(store: &S) -> (ChangeFeed, u64) {
        let head = read_head(store);
        (ChangeFeed { seen: head.number }, head.revision)
    }

    /// The policy's revision, as far as this Envoy knows.
    pub fn revision<S: SharedStore>(store: &S) -> u64 {
        read_head(store).revision
    }

    /// Passes changes on as the service wrote them: the JSON of [`PolicyChanges`]. One that does not
    /// arrive (another worker published in between) comes again with the next sync, whose revision is
    /// then still the old one.
    ///
    /// A revision of another installation than before says nothing of this one's: all that workers know
    /// is forgotten.
    pub fn publish<S: SharedStore>(store: &mut S, text: &[u8]) {
        let Ok(mut changes) = serde_json::from_slice::<Outline>(text) else {
            return;
        };
        let known = store.get(INSTALLATION_KEY);
        let is_another = changes.installation != installation(known.as_ref());
        let Some(met) = changes.installation.filter(|_| is_another) else {
            let _ = add(store, &changes, text);
            return;
        };
        let added = match known.is_some() {
            true => {
                changes.reset = true;
                let forget = serde_json::to_vec(&changes).unwrap_or_default();
                add(store, &changes, &forget)
            }
            false => add(store, &changes, text),
        };
        // Only then is it known: what did not arrive comes again.
        if added.is_ok() {
            let version = known.map(|(_, version)| version);
            let _ = store.put(INSTALLATION_KEY, &met.to_bytes(), version);
        }
    }

    /// Applies what this worker has not seen to its cache.
    pub fn follow<S: SharedStore>(&mut self, store: &S, cache: &mut PolicyCache) {
        let head = read_head(store);
        let behind = head.number.saturating_sub(self.seen);
        if behind == 0 {
            return;
        }
        let first = self.seen.saturating_add(1);
        self.seen = head.number;
        if behind > KEPT {
            cache.forget(head.revision);
            return;
        }
        for number in first..=head.number {
            match read_changes(store, number) {
                Some(changes) => cache.apply(changes),
                None => {
                    cache.forget(head.revision);
                    return;
                }
            }
        }
    }
}

/// Adds a record for all workers, unless an answer that came late has nothing new to say.
fn add<S: SharedStore>(store: &mut S, changes: &Outline, text: &[u8]) -> Result<(), Conflict> {
    let (head, version) = match store.get(HEAD_KEY) {
        Some((bytes, version)) => (read_as(&bytes).unwrap_or_default(), Some(version)),
        None => (Head::default(), None),
    };
    if changes.revision <= head.revision && !changes.reset {
        return Ok(());
    }
    let next = Head {
        number: head.number.saturating_add(1),
        revision: changes.revision,
    };
    let slot = slot(next.number);
    let slot_version = store.get(&slot).map(|(_, version)| version);
    let value = [&next.number.to_le_bytes(), text].concat();
    store.put(&slot, &value, slot_version)?;
    store.put(HEAD_KEY, &bytes_of(&next), version)
}

fn installation(stored: Option<&(Vec<u8>, Version)>) -> Option<InstallationId> {
    let (bytes, _) = stored?;
    InstallationId::from_bytes(bytes.as_slice().try_into().ok()?)
}

fn read_changes<S: SharedStore>(store: &S, number: u64) -> Option<PolicyChanges> {
    let (bytes, _) = store.get(&slot(number))?;
    let (stored, text) = bytes.split_first_chunk::<8>()?;
    (u64::from_le_bytes(*stored) == number).then_some(())?;
    serde_json::from_slice(text).ok()
}

fn slot(number: u64) -> String {
    format!("changes/{}", number.checked_rem(KEPT).unwrap_or(0))
}

fn read_head<S: SharedStore>(store: &S) -> Head {
    store
        .get(HEAD_KEY)
        .and_then(|(bytes, _)| read_as(&bytes))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fake::FakeStore;

    fn at(revision: u64) -> Vec<u8> {
        text(&PolicyChanges {
            revision,
            ..Default::default()
        })
    }

    fn text(changes: &PolicyChanges) -> Vec<u8> {
        serde_json::to_vec(changes).unwrap()
    }

    #[test]
    fn every_worker_sees_every_change_once() {
        let mut store = FakeStore::default();
        let (mut feed, _) = ChangeFeed::join(&store);
        let mut cache = PolicyCache::new(10, 0);
        for revision in 1..=40 {
            ChangeFeed::publish(&mut store, &at(revision));
            ChangeFeed::publish(&mut store, &at(revision));
            feed.follow(&store, &mut cache);
            assert_eq!((cache.revision(), feed.seen), (revision, revision));
        }
        assert!(store.values.len() <= 17, "bounded");
        assert_eq!(ChangeFeed::join(&store), (feed, 40));
    }

    #[test]
    fn an_older_revision_is_not_published() {
        let mut store = FakeStore::default();
        let (mut feed, _) = ChangeFeed::join(&store);
        let mut cache = PolicyCache::new(10, 0);
        ChangeFeed::publish(&mut store, &at(7));
        ChangeFeed::publish(&mut store, &at(6));
        feed.follow(&store, &mut cache);
        assert_eq!((cache.revision(), ChangeFeed::revision(&store)), (7, 7));
        // A service that starts over says so.
        let anew = PolicyChanges {
            revision: 2,
            reset: true,
            ..Default::default()
        };
        ChangeFeed::publish(&mut store, &text(&anew));
        feed.follow(&store, &mut cache);
        assert_eq!((cache.revision(), ChangeFeed::revision(&store)), (2, 2));
    }

    #[test]
    fn what_is_of_another_installation_is_forgotten() {
        let mut store = FakeStore::default();
        let (mut feed, _) = ChangeFeed::join(&store);
        let mut cache = PolicyCache::new(10, 0);
        let of = |digits: &str, revision| {
            text(&PolicyChanges {
                revision,
                installation: InstallationId::from_hex(digits),
                ..Default::default()
            })
        };
        let (one, other) = ("00000000000000a1", "00000000000000b2");
        for revision in [7, 8] {
            ChangeFeed::publish(&mut store, &of(one, revision));
            feed.follow(&store, &mut cache);
            let expected = (revision, InstallationId::from_hex(one));
            assert_eq!((cache.revision(), cache.installation()), expected);
        }
        // Its revision may be the same by chance, and what it tells may be lost to a conflict.
        store.conflicts.push(true);
        for revision in [8, 8, 9] {
            ChangeFeed::publish(&mut store, &of(other, revision));
        }
        assert_eq!(read_head(&store).number, 4, "a reset, and then a change");
        assert!(read_changes(&store, 3).unwrap().reset && !read_changes(&store, 4).unwrap().reset);
        feed.follow(&store, &mut cache);
        assert_eq!(cache.revision(), 9);
        assert_eq!(cache.installation(), InstallationId::from_hex(other));
        // A service of before says nothing of it.
        ChangeFeed::publish(&mut store, &at(10));
        feed.follow(&store, &mut cache);
        assert_eq!(cache.installation(), InstallationId::from_hex(other));
    }

    #[test]
    fn a_worker_that_missed_too_much_forgets_what_it_knew() {
        let mut store = FakeStore::default();
        let (mut feed, _) = ChangeFeed::join(&store);
        let mut cache = PolicyCache::new(10, 0);
        for revision in 1..=20 {
            ChangeFeed::publish(&mut store, &at(revision));
        }
        feed.follow(&store, &mut cache);
        assert_eq!(cache.revision(), 20);
    }

    #[test]
    fn a_change_lost_to_a_conflict_can_be_published_again() {
        let mut store = FakeStore::default();
        store.conflicts.push(true);
        ChangeFeed::publish(&mut store, &at(3));
        assert_eq!(ChangeFeed::revision(&store), 0);
        ChangeFeed::publish(&mut store, &at(3));
        assert_eq!(ChangeFeed::revision(&store), 3);
    }
}
