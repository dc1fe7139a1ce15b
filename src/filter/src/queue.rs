//! The streams of this worker that wait their turn.

use crate::effects::{SharedExchange, advance, release};
use crate::host::{self, SharedData};
use crate::worker::{MAX_RELEASES, Worker};
use core::time::Duration;
use hashbrown::HashMap;
use paddock_core::exchange::{Input, Verdict};
use paddock_core::queue::{Queue, QueueEntry};
use std::rc::Rc;

/// How often it is looked whose turn it is, while anybody waits.
pub(crate) const QUEUE_TICK: Duration = Duration::from_millis(10);

/// Who waits, and the exchanges to go on with.
#[derive(Default)]
pub(crate) struct Queued {
    queue: Queue,
    exchanges: HashMap<u32, SharedExchange>,
}

impl Queued {
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn leave(&mut self, id: u32) {
        self.queue.leave(id);
        self.exchanges.remove(&id);
    }
}

impl Worker {
    /// Has a stream wait its turn.
    pub(crate) fn queue_up(
        &mut self,
        id: u32,
        namespace: &str,
        entry: QueueEntry,
        exchange: &SharedExchange,
    ) {
        self.hasten(QUEUE_TICK);
        let queued = &mut self.queued;
        queued.queue.join(id, namespace, entry);
        queued.exchanges.insert(id, Rc::clone(exchange));
    }

    /// A stream waits no more, because it is over.
    pub(crate) fn leave_queue(&mut self, id: u32) {
        self.queued.leave(id);
    }

    /// Refuses those who waited too long and goes on with those whose turn it is, a bounded number at
    /// once.
    pub(crate) fn serve_queues(&mut self) {
        if self.queued.is_empty() {
            return;
        }
        self.releasing = true;
        let now = host::now();
        let mut left = MAX_RELEASES;
        while let Some(id) = self.queued.queue.overdue(now).filter(|_| left > 0) {
            left = left.saturating_sub(1);
            if self.take_turn(id) {
                // It may not wait any longer, whatever it says.
                self.queued.leave(id);
            }
        }
        for namespace in self.queued.queue.round() {
            while left > 0 {
                let next = self.queued.queue.next(&mut SharedData, &namespace, now);
                let Some(id) = next else { break };
                left = left.saturating_sub(1);
                if self.take_turn(id) {
                    break;
                }
            }
        }
        self.releasing = false;
        host::act_for(self.root);
    }

    /// Tries to go on with a stream. Whether it still waits.
    fn take_turn(&mut self, id: u32) -> bool {
        let Some(exchange) = self.queued.exchanges.get(&id).map(Rc::clone) else {
            self.queued.leave(id);
            return false;
        };
        if !host::act_for(id) {
            self.queued.leave(id);
            return false;
        }
        let verdict = advance(self, &exchange, id, Input::Turn);
        if verdict == Verdict::Wait && is_queued(&exchange) {
            return true;
        }
        self.queued.leave(id);
        release(&verdict);
        false
    }
}

fn is_queued(exchange: &SharedExchange) -> bool {
    exchange
        .try_borrow()
        .is_ok_and(|machine| machine.is_queued())
}
