//! Whether bodies come while headers are held. If Envoy was not told that they may be held, a held
//! request waits without end: the watchdog gives up on it. The first body that does come proves that
//! all is well, and ends the watch.

use super::{MAX_CONTINUED, SharedExchange, Worker};
use crate::host::Host;
use core::time::Duration;
use hashbrown::HashMap;
use paddock_core::exchange::Input;
use paddock_core::timestamp::Timestamp;
use std::rc::Rc;

/// For how long a body may stay away before the first one has ever come.
const OVERDUE: Duration = Duration::from_secs(5);

/// The streams held at their headers, by when they were; none once a body has come.
#[derive(Default)]
pub(super) struct BodyWatchdog(Option<HashMap<u32, (Timestamp, SharedExchange)>>);

impl BodyWatchdog {
    pub(super) fn new(watches: bool) -> Self {
        BodyWatchdog(watches.then(HashMap::new))
    }

    pub(super) fn forget(&mut self, id: u32) {
        if let Some(held) = &mut self.0 {
            held.remove(&id);
        }
    }

    fn overdue(&mut self, now: impl FnOnce() -> Timestamp) -> Vec<(u32, SharedExchange)> {
        let Some(held) = self.0.as_mut().filter(|held| !held.is_empty()) else {
            return Vec::new();
        };
        let now = now();
        held.extract_if(|_, (since, _)| now.since(*since) > OVERDUE)
            .map(|(id, (_, exchange))| (id, exchange))
            .take(MAX_CONTINUED)
            .collect()
    }
}

impl<H: Host> Worker<H> {
    /// A stream is held at its headers and its body is to come.
    pub(crate) fn watch_for_body(&mut self, id: u32, exchange: &SharedExchange) {
        if let Some(held) = &mut self.bodies.0 {
            held.insert(id, (self.now, Rc::clone(exchange)));
        }
    }

    /// A body has come while its headers were held: Envoy is configured as it must be.
    pub(crate) fn body_arrived(&mut self) {
        self.bodies.0 = None;
    }

    pub(super) fn give_up_on_bodies(&mut self) {
        let host = self.host.clone();
        let overdue = self.bodies.overdue(|| host.now());
        if overdue.is_empty() {
            return;
        }
        self.continue_others(self.root, |worker| {
            for (id, exchange) in overdue {
                worker.continue_stream(id, &exchange, Input::BodyNeverCame);
            }
        });
    }
}
