//! A request's entry in a queue, and the slot it has there.

use super::Pending;
use crate::queue::{self, QueueEntry, QueueSlot};
use crate::store::SharedStore;

/// A request's entry in a queue, and the slot it has there.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    /// The queue: of its namespace, or of the scope whose money it waits for.
    pub(crate) queue: String,
    pub(crate) entry: QueueEntry,
    pub(crate) slot: QueueSlot,
}

impl Pending {
    /// Gives its slot in the queue back, if it has one. `served`: it was this request's turn.
    pub(crate) fn leave_queue<S: SharedStore>(&mut self, served: bool, store: &mut S) {
        if let Some(queued) = self.queued.take() {
            queue::leave(store, &queued.queue, queued.slot, served);
        }
    }
}
