//! A request's entry in its namespace's queue, and the slot it has there.

use super::Pending;
use crate::queue::{self, QueueEntry, QueueSlot};
use crate::store::SharedStore;

/// A request's entry in its namespace's queue, and the slot it has there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queued {
    pub(crate) entry: QueueEntry,
    pub(crate) slot: QueueSlot,
}

impl Pending {
    /// Gives its slot in the queue back, if it has one. `served`: it was this request's turn.
    pub(crate) fn leave_queue<S: SharedStore>(&mut self, served: bool, store: &mut S) {
        if let Some(queued) = self.queued.take() {
            let name = &self.call.grant.caller().namespace().policy.name;
            queue::leave(store, name, queued.slot, served);
        }
    }
}
