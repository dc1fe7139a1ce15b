//! What the streams of one worker share.
//!
//! | file | what it does |
//! |---|---|
//! | `effects.rs` | takes an input to an exchange and does all that comes of it |
//! | `questions.rs` | asks the accounting service, and takes its answers over |
//! | `continuing.rs` | continues held streams from callbacks that are not theirs |
//! | `queue.rs` | streams that wait their turn |
//! | `body_watchdog.rs` | streams whose body must come while their headers are held |
//! | `ticking.rs` | how often the worker is woken, and what it then does |
//! | `service.rs` | the accounting service, as a worker reaches it |
//! | `policy_age.rs` | how old the policy is |
//! | `counters.rs` | metrics |

mod body_watchdog;
mod continuing;
mod counters;
mod effects;
mod policy_age;
mod questions;
mod queue;
mod service;
mod ticking;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use counters::Counters;
pub(crate) use ticking::TICK;

use crate::host::Host;
use crate::kept;
use body_watchdog::BodyWatchdog;
use continuing::Continuing;
use core::cell::RefCell;
use hashbrown::HashMap;
use paddock_core::cache::PolicyCache;
use paddock_core::config::{Config, HoldAt};
use paddock_core::epoch_sum::Epochs;
use paddock_core::exchange::{Exchange, WorkerState};
use paddock_core::ids::InstallationId;
use paddock_core::timestamp::Timestamp;
use paddock_core::worker::{ChangeFeed, policy_heard_at, share_term};
use policy_age::PolicyAge;
use questions::Questions;
use queue::QueuedStreams;
use service::Service;
use std::rc::Rc;
use ticking::TickPeriod;

/// Streams continued in one callback at most: the host answers them after the callback in nested
/// calls, and a few hundred exhaust the VM's stack.
pub(crate) const MAX_CONTINUED: usize = 48;

/// The exchange of one stream, shared with the worker while it waits.
pub(crate) type SharedExchange = Rc<RefCell<Exchange>>;

/// A worker, shared by its root context and its streams.
pub(crate) type SharedWorker<H> = Rc<RefCell<Worker<H>>>;

/// One Envoy worker.
pub(crate) struct Worker<H: Host> {
    pub(crate) host: H,
    pub(crate) state: WorkerState,
    counters: Counters,
    /// The root context, which owns what no stream does.
    root: u32,
    feed: ChangeFeed,
    /// The installation of the service, once known.
    installation: Option<InstallationId>,
    service: Option<Service<H>>,
    questions: Questions,
    continuing: Continuing,
    queued: QueuedStreams,
    bodies: BodyWatchdog,
    policy_age: PolicyAge,
    period: TickPeriod,
    /// The ids by which the attempts of streams are kept.
    kept: HashMap<u32, String>,
    /// When the last input that needed a time came.
    now: Timestamp,
}

impl<H: Host> Worker<H> {
    pub(crate) fn new(host: H, config: Config, root: u32) -> Self {
        let (feed, revision) = ChangeFeed::join(&host.store());
        let cache = match &config.policy {
            Some(policy) => PolicyCache::complete(
                policy.keys.clone(),
                policy.namespaces.clone(),
                policy.organizations.clone(),
                policy.catalog.clone(),
            ),
            None => PolicyCache::new(config.max_cached_tenants, revision),
        };
        let epochs = Epochs(config.max_request_seconds);
        let service = config
            .accounting
            .clone()
            .map(|accounting| Service::new(&host, accounting, config.durable_events, epochs));
        let bodies = BodyWatchdog::new(config.hold == HoldAt::Headers);
        let mut state = WorkerState::new(config, cache, host.random());
        state.policy_heard_at = policy_heard_at(&host.store()).unwrap_or_else(|| host.now());
        if service.is_some() {
            state.share_term = share_term(&host.store());
        }
        Worker {
            state,
            counters: Counters::default(),
            root,
            feed,
            installation: None,
            service,
            questions: Questions::default(),
            continuing: Continuing::default(),
            queued: QueuedStreams::default(),
            bodies,
            policy_age: PolicyAge::default(),
            period: TickPeriod::default(),
            kept: HashMap::new(),
            now: Timestamp::EPOCH,
            host,
        }
    }

    /// A stream is over.
    pub(crate) fn forget(&mut self, id: u32) {
        self.bodies.forget(id);
        if self.questions.leave(id) {
            self.hurry_if_needed();
        }
        self.queued.leave(id);
        if !self.kept.is_empty()
            && let Some(kept) = self.kept.remove(&id)
        {
            kept::forget(&kept);
        }
    }

    /// Its root is gone, and with it its ticks: what it decides alone must be everybody's again.
    pub(crate) fn end(&mut self) {
        self.flush();
        let now = self.host.now();
        self.state.end_grants(&mut self.host.store(), now);
    }

    /// Hands a usage event over to the worker that syncs: now, or with others at the next tick.
    fn emit(&mut self, event: &[u8]) {
        if let Some(service) = &mut self.service {
            service.emit(event);
        }
    }

    /// Tells the metrics what was counted.
    fn count(&mut self) {
        for (name, amount) in self.state.counts.take() {
            self.counters.add(&self.host, name, amount);
        }
    }
}

impl<H: Host> Drop for Worker<H> {
    /// With its root and its last stream, as when another configuration takes its place.
    fn drop(&mut self) {
        for event in self.state.refusals_left() {
            self.emit(&event);
        }
        if let Some(service) = &mut self.service {
            service.flush();
        }
        self.count();
    }
}

/// Runs `with` on the worker; `None` (and an error in the log) if it is in use already, which the
/// host's one-callback-at-a-time rule excludes.
pub(crate) fn with_worker<H: Host, T>(
    worker: &SharedWorker<H>,
    with: impl FnOnce(&mut Worker<H>) -> T,
) -> Option<T> {
    match worker.try_borrow_mut() {
        Ok(mut worker) => Some(with(&mut worker)),
        Err(_) => {
            log::error!("the worker was entered twice");
            None
        }
    }
}
