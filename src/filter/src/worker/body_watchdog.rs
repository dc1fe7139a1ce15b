//! Bodies that do not come, or come too slowly.
//!
//! If Envoy was not told that headers may be held, a held request waits without end: the watchdog gives
//! up on it. The first body that does come proves that all is well. A body that comes too slowly keeps
//! what it has filled of its tenant's share of the memory, so it is refused.

use super::{MAX_CONTINUED, SharedExchange, Worker};
use crate::host::Host;
use core::time::Duration;
use hashbrown::HashMap;
use paddock_core::exchange::Input;
use paddock_core::timestamp::Timestamp;
use std::rc::Rc;

/// For how long a body may stay away before the first one has ever come.
const OVERDUE: Duration = Duration::from_secs(5);
/// How often bodies are looked at.
const LOOK: Duration = Duration::from_secs(1);

struct Awaited {
    since: Timestamp,
    exchange: SharedExchange,
}

/// The streams whose bodies are to come.
pub(super) struct BodyWatchdog {
    awaited: HashMap<u32, Awaited>,
    /// Whether bodies may never come.
    is_unproven: bool,
    looked: Timestamp,
}

impl BodyWatchdog {
    pub(super) fn new(holds_headers: bool) -> Self {
        BodyWatchdog {
            awaited: HashMap::new(),
            is_unproven: holds_headers,
            looked: Timestamp::EPOCH,
        }
    }

    pub(super) fn forget(&mut self, id: u32) {
        self.awaited.remove(&id);
    }

    /// Those to be refused, and why. A stream that has what it waited for is looked at no more.
    fn overdue(
        &mut self,
        least: u64,
        now: Timestamp,
    ) -> Vec<(u32, SharedExchange, Input<'static>)> {
        let mut overdue = Vec::new();
        let is_unproven = self.is_unproven;
        self.awaited.retain(|id, awaited| {
            if overdue.len() >= MAX_CONTINUED {
                return true;
            }
            let Ok(mut exchange) = awaited.exchange.try_borrow_mut() else {
                return true;
            };
            let why = if !exchange.awaits_body() {
                return false;
            } else if is_unproven && now.since(awaited.since) > OVERDUE {
                Input::BodyNeverCame
            } else if exchange.is_too_slow(least, now) {
                Input::BodyTooSlow
            } else {
                return true;
            };
            drop(exchange);
            overdue.push((*id, Rc::clone(&awaited.exchange), why));
            false
        });
        overdue
    }
}

impl<H: Host> Worker<H> {
    /// The body of a stream is to come, if its exchange waits for one.
    pub(crate) fn watch_for_body(&mut self, id: u32, exchange: &SharedExchange) {
        let awaits = exchange.try_borrow().is_ok_and(|one| one.awaits_body());
        if awaits {
            let (since, exchange) = (self.now, Rc::clone(exchange));
            self.bodies.awaited.insert(id, Awaited { since, exchange });
        }
    }

    /// A body has come while its headers were held: Envoy is configured as it must be.
    pub(crate) fn body_arrived(&mut self) {
        self.bodies.is_unproven = false;
    }

    pub(super) fn give_up_on_bodies(&mut self) {
        if self.bodies.awaited.is_empty() {
            return;
        }
        let now = self.host.now();
        if now.since(self.bodies.looked) < LOOK && now >= self.bodies.looked {
            return;
        }
        self.bodies.looked = now;
        let least = self.state.config.held_bodies.least_bytes_per_second;
        let overdue = self.bodies.overdue(least, now);
        if overdue.is_empty() {
            return;
        }
        self.continue_others(self.root, |worker| {
            for (id, exchange, why) in overdue {
                worker.continue_stream(id, &exchange, why);
            }
        });
    }
}
