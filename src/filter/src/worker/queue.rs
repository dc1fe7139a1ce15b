//! The streams of this worker that wait their turn.

use super::continuing::is_queued;
use super::{MAX_CONTINUED, SharedExchange, Worker};
use crate::host::Host;
use core::time::Duration;
use hashbrown::HashMap;
use paddock_core::exchange::Input;
use paddock_core::queue::{Queue, QueueEntry};
use std::rc::Rc;

/// How often it is looked whose turn it is, while a stream waits.
pub(super) const QUEUE_TICK: Duration = Duration::from_millis(10);

/// The streams that wait, and their exchanges.
#[derive(Default)]
pub(super) struct QueuedStreams {
    queue: Queue,
    exchanges: HashMap<u32, SharedExchange>,
}

impl QueuedStreams {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn leave(&mut self, id: u32) {
        self.queue.leave(id);
        self.exchanges.remove(&id);
    }
}

impl<H: Host> Worker<H> {
    /// Has a stream wait its turn.
    pub(super) fn queue_up(
        &mut self,
        id: u32,
        namespace: &str,
        entry: QueueEntry,
        exchange: &SharedExchange,
    ) {
        self.tick_at_least_every(QUEUE_TICK);
        let queued = &mut self.queued;
        queued.queue.join(id, namespace, entry);
        queued.exchanges.insert(id, Rc::clone(exchange));
    }

    /// Refuses those who waited too long and continues those whose turn it is, a bounded number at
    /// once.
    pub(super) fn serve_queues(&mut self) {
        if !self.queued.is_empty() {
            self.continue_others(self.root, Self::take_turns);
        }
    }

    fn take_turns(&mut self) {
        let now = self.host.now();
        let mut left = MAX_CONTINUED;
        while let Some(id) = self.queued.queue.overdue(now).filter(|_| left > 0) {
            left = left.saturating_sub(1);
            if self.take_turn(id) && self.queued.queue.is_overdue(id, now) {
                // It may not wait any longer for the same, whatever it says.
                self.queued.leave(id);
            }
        }
        for namespace in self.queued.queue.round() {
            while left > 0 {
                let mut store = self.host.store();
                let next = self.queued.queue.next(&mut store, &namespace, now);
                let Some(id) = next else { break };
                left = left.saturating_sub(1);
                if self.take_turn(id) {
                    break;
                }
            }
        }
    }

    /// Tries to continue a stream. Whether it still waits in the queue.
    fn take_turn(&mut self, id: u32) -> bool {
        let exchange = self.queued.exchanges.get(&id).map(Rc::clone);
        let waits = exchange.is_some_and(|exchange| {
            self.continue_stream(id, &exchange, Input::Turn) && is_queued(&exchange)
        });
        if !waits {
            self.queued.leave(id);
        }
        waits
    }
}
