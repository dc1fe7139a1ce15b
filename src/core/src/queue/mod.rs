//! The queue of a throttled namespace: who waits, and whose turn it is.
//!
//! Each worker of an Envoy holds the requests that came to it, in a [`Line`] a namespace. What the
//! workers must agree on is on a [`Board`] in shared data: how many wait in all, of which priorities,
//! and how many have had their turn.

mod board;
mod line;
#[cfg(test)]
mod tests;

pub use board::{Board, Seat, enter, is_ahead, leave, read};
pub use line::Line;

use crate::policy::Priority;
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use hashbrown::HashMap;
use std::collections::{BTreeSet, VecDeque};

/// One request's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
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
    lines: HashMap<String, Line>,
    places: HashMap<u32, (String, Place)>,
    deadlines: BTreeSet<(Timestamp, u32)>,
    order: VecDeque<String>,
}

impl Queue {
    /// Has `id` wait. One that waits already stays where it is.
    pub fn join(&mut self, id: u32, namespace: &str, place: Place) {
        if self.places.contains_key(&id) {
            return;
        }
        self.places.insert(id, (namespace.to_owned(), place));
        self.deadlines.insert((place.until, id));
        if !self.lines.contains_key(namespace) {
            self.order.push_back(namespace.to_owned());
        }
        self.lines
            .entry(namespace.to_owned())
            .or_default()
            .join(id, place);
    }

    /// Lets go of `id`, which waits no more. Whether it did.
    pub fn leave(&mut self, id: u32) -> bool {
        let Some((namespace, place)) = self.places.remove(&id) else {
            return false;
        };
        self.deadlines.remove(&(place.until, id));
        if let Some(line) = self.lines.get_mut(&namespace) {
            line.leave(id, place);
            if line.is_empty() {
                self.lines.remove(&namespace);
                self.order.retain(|other| *other != namespace);
            }
        }
        true
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// One who has waited as long as they may, the longest overdue first.
    pub fn overdue(&self, now: Timestamp) -> Option<u32> {
        let first = self.deadlines.first().filter(|(until, _)| *until <= now);
        first.map(|(_, id)| *id)
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
        let line = self.lines.get(namespace)?;
        let board = board::announce(store, namespace, line.priorities(), now);
        line.next(&board, now)
    }
}
