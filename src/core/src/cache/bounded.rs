//! A map that holds a bounded number of entries and keeps the ones in use.

use core::hash::Hash;
use hashbrown::{Equivalent, HashMap};

/// Two generations: entries are written to the young one; when that is full it becomes the old one
/// and what was old and unused since is dropped. An entry that is read moves to the young one, so
/// every operation costs the same and nothing needs to be scanned or linked.
#[derive(Debug)]
pub struct BoundedMap<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half: usize,
}

impl<K: Hash + Eq, V> BoundedMap<K, V> {
    /// An empty map that never holds more than `capacity` entries (2 at least).
    pub fn new(capacity: usize) -> Self {
        let half = capacity.div_euclid(2).max(1);
        BoundedMap {
            young: HashMap::new(),
            old: HashMap::new(),
            half,
        }
    }

    /// The value of `key`, which is in use by that.
    pub fn get<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&V> {
        if !self.young.contains_key(key) {
            let (owned, value) = self.old.remove_entry(key)?;
            self.insert(owned, value);
        }
        self.young.get(key)
    }

    /// The value of `key`, to be changed; it is in use by that.
    pub fn get_mut<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) -> Option<&mut V> {
        self.get(key)?;
        self.young.get_mut(key)
    }

    /// Whether there is an entry, without using it.
    pub fn contains(&self, key: &K) -> bool {
        self.young.contains_key(key) || self.old.contains_key(key)
    }

    /// Writes an entry.
    pub fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    /// Removes an entry.
    pub fn remove<Q: Hash + Equivalent<K> + ?Sized>(&mut self, key: &Q) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.young.len().saturating_add(self.old.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let mut map = BoundedMap::new(100);
        for n in 0..10_000 {
            map.insert(n, n);
            assert!(map.len() <= 100);
            assert_eq!(map.get(&0), Some(&0), "used each time");
        }
        assert!(!map.contains(&5_000));
        map.remove(&0);
        assert!(map.get(&0).is_none());
    }
}
