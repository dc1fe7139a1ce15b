//! What the streams of one worker share, and its calls to the accounting service.

mod questions;

use crate::effects::{SharedExchange, advance, release};
use crate::host::{self, SharedData};
use crate::metrics::Counters;
use crate::queue::{QUEUE_TICK, Queued};
use crate::service::Service;
use crate::wasi;
use core::cell::RefCell;
use core::time::Duration;
use hashbrown::HashMap;
use paddock_core::budget::Epochs;
use paddock_core::cache::PolicyCache;
use paddock_core::config::{Config, HoldAt};
use paddock_core::exchange::{WorkerState, Input, Question};
use paddock_core::ids::EventIds;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{SYNC_PATH, SyncAnswer};
use paddock_core::worker::{ChangeFeed, UsageQueue, Waiting};
use questions::unreadable;
use std::collections::VecDeque;
use std::rc::Rc;

/// How often changes are looked for and calls that lost their stream are made anew.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// The shortest period a tick can have.
const HURRIED_TICK: Duration = Duration::from_millis(1);
/// For how long a body may stay away before the first one has ever come.
const BODY_OVERDUE: Duration = Duration::from_secs(5);
/// Streams released in one callback at most: the host answers them after the callback in nested
/// calls, and a few hundred exhaust the VM's stack.
pub(crate) const MAX_RELEASES: usize = 48;

/// A worker, shared by its root context and its streams.
pub(crate) type SharedWorker = Rc<RefCell<Worker>>;

/// One Envoy worker's part of the gateway.
pub(crate) struct Worker {
    pub(crate) state: WorkerState,
    pub(crate) counters: Counters,
    /// The root context, which owns what no stream does.
    pub(crate) root: u32,
    feed: ChangeFeed,
    service: Option<Service>,
    waiting: Waiting<String>,
    questions: HashMap<String, Question>,
    held: HashMap<u32, SharedExchange>,
    released: VecDeque<(u32, bool)>,
    calls: HashMap<u32, Call>,
    /// Whether streams are gone on with from another callback than their own.
    pub(crate) releasing: bool,
    /// How often `tick` is called.
    period: Duration,
    /// Streams that wait their turn.
    pub(crate) queued: Queued,
    /// Streams held at their headers, until it is certain that bodies come while they are.
    unproven: Option<HashMap<u32, (Timestamp, SharedExchange)>>,
    /// When the last input that needed a time came.
    pub(crate) now: Timestamp,
}

/// What a call under way was made for.
enum Call {
    Question(String),
    Sync,
}

impl Worker {
    pub(crate) fn new(config: Config, root: u32) -> Self {
        let (feed, revision) = ChangeFeed::join(&SharedData);
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
            .map(|accounting| Service::new(accounting, epochs));
        let event_ids = EventIds::new(wasi::random());
        let unproven = (config.hold == HoldAt::Headers).then(HashMap::new);
        Worker {
            state: WorkerState {
                config,
                cache,
                event_ids,
                refusals: Default::default(),
            },
            counters: Counters::default(),
            root,
            feed,
            service,
            waiting: Waiting::default(),
            questions: HashMap::new(),
            held: HashMap::new(),
            released: VecDeque::new(),
            calls: HashMap::new(),
            releasing: false,
            period: TICK,
            queued: Queued::default(),
            unproven,
            now: Timestamp::EPOCH,
        }
    }

    /// Has the next tick come at once where streams wait for it.
    fn hurry_if_needed(&mut self) {
        if self.waiting.has_orphans() || !self.released.is_empty() {
            self.hasten(HURRIED_TICK);
        }
    }

    /// Has ticks come at least this often, until nothing needs them to.
    pub(crate) fn hasten(&mut self, period: Duration) {
        if period < self.period {
            self.period = period;
            host::set_tick_period(period);
        }
    }

    /// Has ticks come no more often than something needs them to.
    fn relax(&mut self) {
        if self.period < TICK && self.queued.is_empty() {
            self.period = TICK;
            host::set_tick_period(TICK);
        } else if self.period < QUEUE_TICK {
            self.period = QUEUE_TICK;
            host::set_tick_period(QUEUE_TICK);
        }
        self.hurry_if_needed();
    }

    /// A stream is held at its headers and its body is to come.
    pub(crate) fn held_at_headers(&mut self, id: u32, exchange: &SharedExchange) {
        let now = self.now;
        if let Some(unproven) = &mut self.unproven {
            unproven.insert(id, (now, Rc::clone(exchange)));
        }
    }

    /// A body has come while its headers were held: Envoy is configured as it must be.
    pub(crate) fn body_came(&mut self) {
        self.unproven = None;
    }

    fn give_up_on_bodies(&mut self) {
        let Some(unproven) = &mut self.unproven else {
            return;
        };
        let now = host::now();
        let overdue: Vec<(u32, SharedExchange)> = unproven
            .extract_if(|_, (since, _)| now.since(*since) > BODY_OVERDUE)
            .map(|(id, (_, exchange))| (id, exchange))
            .take(MAX_RELEASES)
            .collect();
        for (id, exchange) in overdue {
            if host::act_for(id) {
                let verdict = advance(self, &exchange, id, Input::BodyNeverCame);
                release(&verdict);
            }
        }
        host::act_for(self.root);
    }

    /// A stream is over.
    pub(crate) fn forget(&mut self, id: u32) {
        if let Some(unproven) = &mut self.unproven {
            unproven.remove(&id);
        }
        if self.held.remove(&id).is_some() {
            self.waiting.leave(id);
            self.hurry_if_needed();
        }
        self.leave_queue(id);
    }

    /// Hands a usage event over to the worker that syncs.
    pub(crate) fn emit(&mut self, event: &[u8]) {
        if let Some(queue) = self
            .service
            .as_mut()
            .and_then(|service| service.queue.as_mut())
        {
            queue.push(event);
        }
    }

    pub(crate) fn tick(&mut self) {
        self.feed.follow(&SharedData, &mut self.state.cache);
        for topic in self.waiting.take_orphans() {
            let Some(question) = self.questions.get(&topic).cloned() else {
                continue;
            };
            if !self.dispatch(&topic, &question) {
                self.questions.remove(&topic);
                self.wake(&topic, false);
            }
        }
        self.release_some(self.root);
        self.serve_queues();
        self.give_up_on_bodies();
        self.relax();
        let now = host::now();
        let Some(service) = &mut self.service else {
            return;
        };
        let Some(queue) = &mut service.queue else {
            return;
        };
        for event in self.state.refusals_due(now) {
            queue.push(&event);
        }
        if let Some(body) = service.sync.due(&mut SharedData, queue, now) {
            match service.post(SYNC_PATH, &body) {
                Some(token) => {
                    self.calls.insert(token, Call::Sync);
                }
                None => self.synced(None),
            }
        }
    }

    fn synced(&mut self, body: Option<&[u8]>) {
        let now = host::now();
        let Some(service) = &mut self.service else {
            return;
        };
        let answer = body.map(serde_json::from_slice::<SyncAnswer>);
        match answer {
            Some(Ok(answer)) => {
                service.sync.answered(&mut SharedData, &answer, now);
                self.feed.follow(&SharedData, &mut self.state.cache);
            }
            failure => {
                let pause = service.sync.failed(now);
                if let Some(Err(error)) = failure {
                    unreadable(&error);
                }
                log::warn!("usage could not be handed over; trying again in {pause:?}");
            }
        }
    }
}

impl Drop for Worker {
    /// With its root and its last stream, as where another configuration takes its place.
    fn drop(&mut self) {
        for event in self.state.refusals_left() {
            self.emit(&event);
        }
    }
}
