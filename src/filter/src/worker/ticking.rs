//! How often the worker is woken, and what it then does.

use super::Worker;
use super::questions::{Call, unreadable};
use super::queue::QUEUE_TICK;
use crate::host::Host;
use core::time::Duration;
use paddock_core::refusal::clip;
use paddock_core::wire::SYNC_PATH;
use paddock_core::worker::{Relayed, SyncFailure, policy_heard, share_term};

/// How often changes are looked for and calls that lost their stream are made anew.
pub(crate) const TICK: Duration = Duration::from_millis(100);
/// The shortest period a tick can have.
const HURRIED_TICK: Duration = Duration::from_millis(1);

/// Counts events that the service refuses and that are sent no more.
const SET_ASIDE: &str = "paddock_events_set_aside_total";

/// The period that the host was told last.
pub(super) struct TickPeriod(Duration);

impl Default for TickPeriod {
    fn default() -> Self {
        TickPeriod(TICK)
    }
}

impl<H: Host> Worker<H> {
    /// Has the next tick come at once if streams wait for it.
    pub(super) fn hurry_if_needed(&mut self) {
        if self.questions.has_orphans() || self.continuing.is_behind() {
            self.tick_at_least_every(HURRIED_TICK);
        }
    }

    /// Has ticks come at least this often, until nothing needs them to.
    pub(super) fn tick_at_least_every(&mut self, period: Duration) {
        if period < self.period.0 {
            self.set_period(period);
        }
    }

    /// Has ticks come no more often than something needs them to.
    fn slow_down(&mut self) {
        if self.period.0 < TICK && self.queued.is_empty() {
            self.set_period(TICK);
        } else if self.period.0 < QUEUE_TICK {
            self.set_period(QUEUE_TICK);
        }
        self.hurry_if_needed();
    }

    fn set_period(&mut self, period: Duration) {
        self.period.0 = period;
        self.host.set_tick_period(period);
    }

    pub(crate) fn tick(&mut self) {
        self.flush();
        self.look_at_shares();
        self.balance_grants();
        self.feed.follow(&self.host.store(), &mut self.state.cache);
        self.look_at_installation();
        self.look_at_policy_age();
        self.ask_for_orphans();
        self.continue_answered(self.root);
        self.serve_queues();
        self.give_up_on_bodies();
        self.slow_down();
        self.count();
        self.sync();
    }

    /// Has the events outlive this VM, before anybody is told what they cost.
    pub(super) fn flush(&mut self) {
        if let Some(service) = &mut self.service {
            service.flush();
        }
    }

    /// Says if the service is of another installation than before, as with a wrong or a new database.
    fn look_at_installation(&mut self) {
        let known = self.state.cache.installation();
        if known == self.installation {
            return;
        }
        if let (Some(before), Some(now)) = (self.installation, known) {
            log::warn!(
                "the accounting service is of another installation than before ({now}, before {before}): \
                 its database is another one. All policy and all leases of before are dropped. Usage \
                 that was not yet handed over is in the access log: reconcile it with the service it \
                 belongs to"
            );
        }
        self.installation = known;
    }

    /// Learns how long this gateway's shares of limits are in force.
    fn look_at_shares(&mut self) {
        if self.service.is_some() {
            self.state.share_term = share_term(&self.host.store());
        }
    }

    /// Gives back what this worker does not use of what it decides alone.
    fn balance_grants(&mut self) {
        if self.state.grants.is_empty() {
            return;
        }
        let now = self.host.now();
        self.state.balance_grants(&mut self.host.store(), now);
    }

    /// Has its share in the sync of this Envoy with the service, if one is due.
    fn sync(&mut self) {
        let now = self.host.now();
        let Some(service) = &mut self.service else {
            return;
        };
        for event in self.state.refusals_due(now) {
            service.emit(&event);
        }
        service.flush();
        let Some(queue) = &mut service.queue else {
            return;
        };
        if let Some(body) = service.sync.due(&mut self.host.store(), queue, now) {
            match service.post(&self.host, SYNC_PATH, &body) {
                Some(token) => self.questions.expect(token, Call::Sync),
                None => self.synced(None, &[]),
            }
        }
    }

    pub(super) fn synced(&mut self, status: Option<u16>, body: &[u8]) {
        let now = self.host.now();
        let Some(service) = &mut self.service else {
            return;
        };
        let mut store = self.host.store();
        match (status, serde_json::from_slice::<Relayed>(body)) {
            (Some(200), Ok(answer)) => {
                let set_aside = service.sync.answered(&mut store, &answer, now);
                self.state.share_term = share_term(&store);
                policy_heard(&mut store, now);
                self.feed.follow(&store, &mut self.state.cache);
                if let Some(event) = set_aside {
                    self.counters.add(&self.host, SET_ASIDE.to_owned(), 1);
                    log::error!(
                        "the accounting service refuses this event, which is not booked. It is in the \
                         access log too: `paddock reconcile` books it once the cause is mended. {}",
                        clip(&event)
                    );
                }
            }
            (_, read) => {
                let why = SyncFailure::of(status);
                let delivered = read.as_ref().ok();
                let pause = service.sync.failed(&mut store, why, delivered, now);
                if delivered.is_some_and(|delivered| delivered.changes.is_some()) {
                    self.state.share_term = share_term(&store);
                    policy_heard(&mut store, now);
                    self.feed.follow(&store, &mut self.state.cache);
                }
                if let (Some(200), Err(error)) = (status, read) {
                    unreadable(&error);
                }
                log::warn!("usage could not be handed over; trying again in {pause:?}");
            }
        }
    }
}
