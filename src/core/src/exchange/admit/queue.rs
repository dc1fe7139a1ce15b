//! Requests that wait in their namespace's queue.

use crate::admission::{RateView, Scope};
use crate::epoch_sum::Epochs;
use crate::exchange::call::{Pending, Queued};
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::head::Head;
use crate::exchange::state::{Exchange, State};
use crate::policy::{NamespacePolicy, Priority};
use crate::queue::{self, QueueEntry};
use crate::refusal::{Rate, Refusal};
use crate::store::SharedStore;
use core::time::Duration;

/// What a request that finds the queue full, or others before it in vain, is told to wait: nobody
/// knows when a place becomes free.
const QUEUE_RETRY: Duration = Duration::from_secs(1);

/// Why a request has to wait its turn.
pub(crate) enum WhyWait {
    /// The throttled rate has nothing left for so long.
    Throttled(Duration, RateView),
    /// Others came before.
    OthersAhead,
}

/// Whether a newcomer must let others go first.
pub(crate) fn others_are_ahead<S: SharedStore>(
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
    pub(crate) fn wait_in_queue<S: SharedStore>(
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
                pending.leave_queue(false, cx.store);
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

    /// It is this request's turn, or its time is up.
    pub(crate) fn on_turn<S: SharedStore>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        match core::mem::take(&mut self.state) {
            State::Queued { head, pending } => self.admit(head, *pending, None, cx),
            other => {
                self.state = other;
                Step::new(self.request_verdict())
            }
        }
    }
}
