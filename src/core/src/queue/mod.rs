//! The queue of a throttled namespace: who waits, and whose turn it is.
//!
//! Each worker of an Envoy keeps the requests that came to it, in a [`NamespaceQueue`] for each
//! namespace. What the workers must agree on is in a [`QueueRecord`] in shared data: how many wait in
//! all, of which priorities, and how many have had their turn.
//!
//! Admission must be absent: whose turn it is does not say that a request is admitted.

mod namespace_queue;
mod record;
#[cfg(test)]
mod tests;

pub use namespace_queue::NamespaceQueue;
pub use record::{QueueRecord, QueueSlot, enter, is_ahead, leave, read};

use crate::policy::Priority;
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use hashbrown::HashMap;
use std::collections::{BTreeSet, VecDeque};

/// One request's entry in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// Before whom it goes.
    pub priority: Priority,
    /// Since when it waits.
    pub since: Timestamp,
    /// When it is refused.
    pub until: Timestamp,
}

/// The requests that wait in one worker. `id` is whatever the worker calls them.
#[derive(Debug, Default)]
pub struct Queue {
    namespaces: HashMap<String, NamespaceQueue>,
    entries: HashMap<u32, (String, QueueEntry)>,
    deadlines: BTreeSet<(Timestamp, u32)>,
    order: VecDeque<String>,
}

impl Queue {
    /// Has `id` wait. One that waits already stays where it is, if it waits for the same.
    pub fn join(&mut self, id: u32, namespace: &str, entry: QueueEntry) {
        if let Some((present, same)) = self.entries.get(&id) {
            if present == namespace && *same == entry {
                return;
            }
            self.leave(id);
        }
        self.entries.insert(id, (namespace.to_owned(), entry));
        self.deadlines.insert((entry.until, id));
        if !self.namespaces.contains_key(namespace) {
            self.order.push_back(namespace.to_owned());
        }
        self.namespaces
            .entry(namespace.to_owned())
            .or_default()
            .join(id, entry);
    }

    /// Lets go of `id`, which waits no more. Whether it did.
    pub fn leave(&mut self, id: u32) -> bool {
        let Some((namespace, entry)) = self.entries.remove(&id) else {
            return false;
        };
        self.deadlines.remove(&(entry.until, id));
        if let Some(queue) = self.namespaces.get_mut(&namespace) {
            queue.leave(id, entry);
            if queue.is_empty() {
                self.namespaces.remove(&namespace);
                self.order.retain(|other| *other != namespace);
            }
        }
        true
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// One who has waited as long as they may, the longest overdue first.
    pub fn overdue(&self, now: Timestamp) -> Option<u32> {
        let first = self.deadlines.first().filter(|(until, _)| *until <= now);
        first.map(|(_, id)| *id)
    }

    /// Whether `id` has waited as long as it may.
    pub fn is_overdue(&self, id: u32, now: Timestamp) -> bool {
        self.entries
            .get(&id)
            .is_some_and(|(_, entry)| entry.until <= now)
    }

    /// The namespaces with somebody waiting. Each call begins with another one, so that where a
    /// callback can only serve so many, none is always last.
    pub fn round(&mut self) -> Vec<String> {
        self.order.rotate_left(usize::from(!self.order.is_empty()));
        self.order.iter().cloned().collect()
    }

    /// Tells the other workers who waits here, and says whose turn it is, if it is that of somebody
    /// here.
    pub fn next<S: SharedStore>(
        &self,
        store: &mut S,
        namespace: &str,
        now: Timestamp,
    ) -> Option<u32> {
        let queue = self.namespaces.get(namespace)?;
        let record = record::announce(store, namespace, queue.priorities(), now);
        queue.next(&record, now)
    }
}
