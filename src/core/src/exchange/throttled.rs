//! What becomes of a request its namespace's throttled rates, or its budget, cannot take: another
//! model, or a wait.

use super::admit::BodyRead;
use super::call::Pending;
use super::effect::{Effect, Step, Verdict};
use super::prepare::{Choice, prepare};
use super::refused::CallContext;
use super::request::Head;
use super::{Exchange, State, StepContext};
use crate::admission::{Denied, RateTier, RateView, Scope};
use crate::budget::Epochs;
use crate::policy::{NamespacePolicy, Priority, ThrottleMode};
use crate::queue::{self, QueueEntry, QueueSlot};
use crate::refusal::{Rate, Refusal};
use crate::store::SharedStore;
use core::time::Duration;

/// What a request that finds the queue full, or others before it in vain, is told to wait: nobody
/// knows when a place becomes free.
const QUEUE_RETRY: Duration = Duration::from_secs(1);

/// A request's place in its namespace's queue, and the slot it holds there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queued {
    entry: QueueEntry,
    slot: QueueSlot,
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
    cx: &StepContext<'_, S>,
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
        None => fallback(head, pending, read?, cx)?,
    };
    other.call.reason = Some(reason.to_owned());
    Some(other)
}

/// The call of the fallback model, where the namespace redirects and may use it here.
pub(super) fn fallback<S>(
    head: &Head,
    pending: &Pending,
    read: BodyRead<'_>,
    cx: &StepContext<'_, S>,
) -> Option<Pending> {
    let call = &pending.call;
    let settings = &call.grant.caller().namespace().policy.settings;
    if settings.throttle_mode != ThrottleMode::Redirect || call.ask.tier == RateTier::Excess {
        return None;
    }
    let choice = Choice {
        model: settings.fallback_model.as_deref()?,
        reason: None,
    };
    let caller = call.grant.caller().clone();
    let mut other = prepare(caller, &read.asked(head), choice, cx.worker).ok()?;
    if other.call.model_name() == call.model_name() {
        return None;
    }
    other.call.ask.tier = RateTier::Excess;
    Some(other)
}

/// Whether a newcomer must let others go first.
pub(super) fn others_are_ahead<S: SharedStore>(
    head: &Head,
    pending: &Pending,
    cx: &StepContext<'_, S>,
) -> bool {
    let caller = pending.call.grant.caller();
    let policy = &caller.namespace().policy;
    caller.queues()
        && pending.queued.is_none()
        && queue::is_ahead(cx.store, &policy.name, priority(head, policy), cx.now)
}

/// A request may stand back behind its namespace's others, and never push before other namespaces'.
fn priority(head: &Head, policy: &NamespacePolicy) -> Priority {
    let wanted = head.hints.priority.unwrap_or(policy.priority);
    wanted.max(policy.priority)
}

impl Exchange {
    /// Has a request wait its turn in its namespace's queue, where there is a free slot.
    pub(super) fn wait_in_queue<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        why: &WhyWait,
        cx: &mut StepContext<'_, S>,
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
        let queued = match pending.queued {
            Some(queued) if cx.now >= queued.entry.until => {
                let waited = cx.now.since(queued.entry.since);
                let why = throttle.imposed_until(cx.now).into();
                let refusal = Refusal::queued_too_long(scope, why, waited, retry_after);
                leave_queue(&mut pending, false, cx);
                let call_context = CallContext::making(&head, &pending.call);
                return self.refuse_throttled(&refusal, rates, call_context, cx);
            }
            Some(queued) => queued,
            None => {
                let priority = priority(&head, policy);
                let epochs = Epochs(limits.queue_timeout_seconds);
                let (name, most) = (&policy.name, limits.max_queue_size);
                let slot = queue::enter(cx.store, name, priority, most, epochs, cx.now);
                let Ok(slot) = slot else {
                    let refusal =
                        Refusal::rate_limited(scope, Rate::Queue, Some(most), retry_after);
                    let call_context = CallContext::making(&head, &pending.call);
                    return self.refuse_throttled(&refusal, rates, call_context, cx);
                };
                let timeout = Duration::from_secs(limits.queue_timeout_seconds);
                let entry = QueueEntry {
                    priority,
                    since: cx.now,
                    until: cx.now.plus(timeout),
                };
                Queued { entry, slot }
            }
        };
        pending.queued = Some(queued);
        pending.was_queued = true;
        self.state = State::Queued {
            head,
            pending: Box::new(pending),
        };
        let mut step = Step::new(Verdict::Wait);
        step.effects
            .push(Effect::Queue(policy.name.clone(), queued.entry));
        step
    }

    fn refuse_throttled<S>(
        &mut self,
        refusal: &Refusal,
        rates: Option<&RateView>,
        call_context: CallContext<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let mut step = self.refuse_call(refusal, call_context, cx);
        if let (Verdict::Reply(reply), Some(rates)) = (&mut step.verdict, rates) {
            reply
                .headers
                .extend(super::rate_headers::rate_headers(rates));
        }
        step
    }

    /// It is this request's turn, or its time is up.
    pub(super) fn on_turn<S: SharedStore>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        match core::mem::take(&mut self.state) {
            State::Queued { head, pending } => self.admit(head, *pending, None, cx),
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

/// Gives a slot in the queue back, where one is held.
pub(super) fn leave_queue<S: SharedStore>(
    pending: &mut Pending,
    served: bool,
    cx: &mut StepContext<'_, S>,
) {
    if let Some(queued) = pending.queued.take() {
        let name = &pending.call.grant.caller().namespace().policy.name;
        queue::leave(cx.store, name, queued.slot, served);
    }
}
