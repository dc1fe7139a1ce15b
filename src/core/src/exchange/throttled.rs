//! What becomes of a request its namespace's throttled rates, or its budget, cannot take: another
//! model, or a wait.

use super::admit::BodyRead;
use super::call::Pending;
use super::effect::{Effect, Step, Verdict};
use super::prepare::{Choice, prepare};
use super::refused::Asker;
use super::request::Head;
use super::{Exchange, State, Surroundings};
use crate::admission::{Denied, Lane, RateView, Scope};
use crate::budget::Epochs;
use crate::policy::{NamespacePolicy, Priority, ThrottleMode};
use crate::queue::{self, Place, Seat};
use crate::refusal::{Rate, Refusal};
use crate::store::SharedStore;
use core::time::Duration;

/// What a request that finds the queue full, or others before it in vain, is told to wait: nobody
/// knows when a place becomes free.
const QUEUE_RETRY: Duration = Duration::from_secs(1);

/// A request's place in its namespace's queue, and the seat it holds there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    place: Place,
    seat: Seat,
}

/// Why a request has to wait its turn.
pub(super) enum WhyWait {
    /// The throttled rate has nothing left for so long.
    Throttled(Duration, RateView),
    /// Others came before.
    OthersAhead,
}

/// The call of the fallback model, where `denied` is a reason to redirect and the namespace wants
/// that. Only once: what was redirected is not redirected again.
pub(super) fn redirected<S>(
    head: &Head,
    pending: &mut Pending,
    read: Option<BodyRead<'_>>,
    denied: &Denied,
    on: &Surroundings<'_, S>,
) -> Option<Pending> {
    let reason = match denied {
        Denied::Rate {
            throttled: true, ..
        } => "throttled",
        Denied::Budget { .. } => "budget_low",
        _ => return None,
    };
    let mut other = match pending.fallback.take() {
        Some(prepared) => *prepared,
        None => fallback(head, pending, read?, on)?,
    };
    other.call.reason = Some(reason.to_owned());
    Some(other)
}

/// The call of the fallback model, where the namespace redirects and may use it here.
pub(super) fn fallback<S>(
    head: &Head,
    pending: &Pending,
    read: BodyRead<'_>,
    on: &Surroundings<'_, S>,
) -> Option<Pending> {
    let call = &pending.call;
    let settings = &call.grant.caller().namespace().policy.settings;
    if settings.throttle_mode != ThrottleMode::Redirect || call.ask.lane == Lane::Excess {
        return None;
    }
    let choice = Choice {
        model: settings.fallback_model.as_deref()?,
        reason: None,
    };
    let caller = call.grant.caller().clone();
    let mut other = prepare(caller, &read.asked(head), choice, on.gateway).ok()?;
    if other.call.model_name() == call.model_name() {
        return None;
    }
    other.call.ask.lane = Lane::Excess;
    Some(other)
}

/// Whether a newcomer must let others go first.
pub(super) fn others_are_ahead<S: SharedStore>(
    head: &Head,
    pending: &Pending,
    on: &Surroundings<'_, S>,
) -> bool {
    let caller = pending.call.grant.caller();
    let policy = &caller.namespace().policy;
    caller.queues()
        && pending.ticket.is_none()
        && queue::is_ahead(on.store, &policy.name, priority(head, policy), on.now)
}

/// A request may stand back behind its namespace's others, and never push before other namespaces'.
fn priority(head: &Head, policy: &NamespacePolicy) -> Priority {
    let wanted = head.hints.priority.unwrap_or(policy.priority);
    wanted.max(policy.priority)
}

impl Exchange {
    /// Has a request wait its turn in its namespace's queue, where there is a place.
    pub(super) fn wait_in_queue<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        why: &WhyWait,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let caller = pending.call.grant.caller().clone();
        let policy = &caller.namespace().policy;
        let limits = policy.settings.queue;
        let (retry_after, rates) = match why {
            WhyWait::Throttled(wait, rates) => (*wait, Some(rates)),
            WhyWait::OthersAhead => (QUEUE_RETRY, None),
        };
        let Scope {
            name: scope,
            throttle,
            ..
        } = &*caller.namespace().scope;
        let ticket = match pending.ticket {
            Some(ticket) if on.now >= ticket.place.until => {
                let waited = on.now.since(ticket.place.since);
                let why = throttle.imposed_until(on.now).into();
                let refusal = Refusal::queued_too_long(scope, why, waited, retry_after);
                leave_queue(&mut pending, false, on);
                let asker = Asker::making(&head, &pending.call);
                return self.refuse_throttled(&refusal, rates, asker, on);
            }
            Some(ticket) => ticket,
            None => {
                let priority = priority(&head, policy);
                let epochs = Epochs(limits.queue_timeout_seconds);
                let (name, most) = (&policy.name, limits.max_queue_size);
                let seat = queue::enter(on.store, name, priority, most, epochs, on.now);
                let Ok(seat) = seat else {
                    let refusal =
                        Refusal::rate_limited(scope, Rate::Queue, Some(most), retry_after);
                    let asker = Asker::making(&head, &pending.call);
                    return self.refuse_throttled(&refusal, rates, asker, on);
                };
                let timeout = Duration::from_secs(limits.queue_timeout_seconds);
                let place = Place {
                    priority,
                    since: on.now,
                    until: on.now.plus(timeout),
                };
                Ticket { place, seat }
            }
        };
        pending.ticket = Some(ticket);
        pending.was_queued = true;
        self.state = State::Queued {
            head,
            pending: Box::new(pending),
        };
        let mut step = Step::new(Verdict::Wait);
        step.effects
            .push(Effect::Queue(policy.name.clone(), ticket.place));
        step
    }

    fn refuse_throttled<S>(
        &mut self,
        refusal: &Refusal,
        rates: Option<&RateView>,
        asker: Asker<'_>,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let mut step = self.refuse_asker(refusal, asker, on);
        if let (Verdict::Reply(reply), Some(rates)) = (&mut step.verdict, rates) {
            reply
                .headers
                .extend(super::rate_headers::rate_headers(rates));
        }
        step
    }

    /// It is this request's turn, or its time is up.
    pub(super) fn on_turn<S: SharedStore>(&mut self, on: &mut Surroundings<'_, S>) -> Step {
        match core::mem::take(&mut self.state) {
            State::Queued { head, pending } => self.admit(head, *pending, None, on),
            other => {
                self.state = other;
                Step::new(self.request_verdict())
            }
        }
    }

    /// Whether it waits in a queue.
    pub fn is_queued(&self) -> bool {
        matches!(self.state, State::Queued { .. })
    }
}

/// Gives a seat in the queue back, where one is held.
pub(super) fn leave_queue<S: SharedStore>(
    pending: &mut Pending,
    served: bool,
    on: &mut Surroundings<'_, S>,
) {
    if let Some(ticket) = pending.ticket.take() {
        let name = &pending.call.grant.caller().namespace().policy.name;
        queue::leave(on.store, name, ticket.seat, served);
    }
}
