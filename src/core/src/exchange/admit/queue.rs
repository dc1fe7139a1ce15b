//! Requests that wait: for a throttled rate, for money that calls in flight hold, or for what other
//! workers have on grants.

use crate::admission::{Denied, RateView, WhenShort};
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
use crate::timestamp::Timestamp;
use core::time::Duration;

/// What a request that finds the queue full, or others before it in vain, is told to wait: nobody
/// knows when a place becomes free.
const QUEUE_RETRY: Duration = Duration::from_secs(1);

/// Why a request has to wait its turn.
pub(crate) enum WhyWait {
    /// The throttled rate has nothing left for so long.
    Throttled(Duration, RateView),
    /// The money of a scope is held by calls in flight.
    Money(Denied),
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
pub(super) fn priority(head: &Head, policy: &NamespacePolicy) -> Priority {
    let wanted = head.hints.priority.unwrap_or(policy.priority);
    wanted.max(policy.priority)
}

impl Exchange {
    /// Has a request wait its turn in a queue, if there is a free slot and its time is not up.
    pub(crate) fn wait_in_queue<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        why: WhyWait,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let is_overdue = |queued: &Queued| cx.now >= queued.entry.until;
        if pending.queued.as_ref().is_some_and(is_overdue) {
            return self.refuse_overdue(&head, &mut pending, why, cx);
        }
        let queued = match pending.queued.take() {
            Some(queued) => queued,
            None => match enter(&head, &pending, &why, cx) {
                Some(queued) => queued,
                None => return self.refuse_full(&head, &mut pending, why, cx),
            },
        };
        pending.recalled = None;
        pending.was_throttled |= !matches!(why, WhyWait::Money(_));
        let mut step = Step::new(Verdict::Wait);
        step.effects
            .push(Effect::Queue(queued.queue.clone(), queued.entry));
        pending.queued = Some(queued);
        self.state = State::Queued {
            head,
            pending: Box::new(pending),
        };
        step
    }

    /// Has a request wait until other workers have given back what they do not use: a tick or two. It
    /// takes no slot, because it never waits longer. One that waits already stays where it is.
    pub(crate) fn wait_for_grants(
        &mut self,
        head: Head,
        mut pending: Pending,
        entry: QueueEntry,
    ) -> Step {
        pending.recalled = Some(entry);
        let namespace = &pending.call.grant.caller().namespace().policy.name;
        let mut step = Step::new(Verdict::Wait);
        step.effects.push(match &pending.queued {
            Some(queued) => Effect::Queue(queued.queue.clone(), queued.entry),
            None => Effect::Queue(namespace.clone(), entry),
        });
        self.state = State::Queued {
            head,
            pending: Box::new(pending),
        };
        step
    }

    /// Refuses a request that waited as long as it may.
    fn refuse_overdue<S: SharedStore>(
        &mut self,
        head: &Head,
        pending: &mut Pending,
        why: WhyWait,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let since = pending.queued.as_ref().map(|queued| queued.entry.since);
        pending.leave_queue(false, cx.store);
        let call_context = CallContext::making(head, &pending.call);
        let (retry_after, rates) = match why {
            WhyWait::Money(denied) => {
                return self.refuse_denied(denied, pending.call.ask.money, call_context, cx);
            }
            WhyWait::Throttled(wait, rates) => (wait, Some(rates)),
            WhyWait::OthersAhead => (QUEUE_RETRY, None),
        };
        let caller = pending.call.grant.caller();
        let scope = &caller.namespace().scope;
        let waited = since.map_or(Duration::ZERO, |since| cx.now.since(since));
        let why = scope.throttle.imposed_until(cx.now).into();
        let refusal = Refusal::queued_too_long(&scope.name, why, waited, retry_after);
        self.refuse_throttled(&refusal, rates.as_ref(), call_context, cx)
    }

    /// Refuses a request that found its queue full.
    fn refuse_full<S: SharedStore>(
        &mut self,
        head: &Head,
        pending: &mut Pending,
        why: WhyWait,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let call_context = CallContext::making(head, &pending.call);
        let (retry_after, rates) = match why {
            WhyWait::Money(denied) => {
                return self.refuse_denied(denied, pending.call.ask.money, call_context, cx);
            }
            WhyWait::Throttled(wait, rates) => (wait, Some(rates)),
            WhyWait::OthersAhead => (QUEUE_RETRY, None),
        };
        let namespace = pending.call.grant.caller().namespace();
        let most = namespace.policy.settings.queue.max_queue_size;
        let scope = &namespace.scope.name;
        let refusal = Refusal::rate_limited(scope, Rate::Queue, Some(most), retry_after);
        self.refuse_throttled(&refusal, rates.as_ref(), call_context, cx)
    }

    /// It is this call's turn, or its time is up.
    pub(crate) fn take_turn<S: SharedStore>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        match core::mem::take(&mut self.state) {
            State::Queued { head, mut pending } => {
                pending.rounds = 0;
                pending.call.ask.is_turn = true;
                pending.call.ask.short = WhenShort::Borrow;
                pending.call.ask.unshared = WhenShort::Borrow;
                pending.call.ask.unshared_upstream = WhenShort::Borrow;
                self.admit(head, *pending, None, cx)
            }
            other => {
                self.state = other;
                Step::new(self.request_verdict())
            }
        }
    }
}

/// The entry of a request that waits for other workers.
pub(crate) fn short_wait(priority: Priority, until: Timestamp, now: Timestamp) -> QueueEntry {
    QueueEntry {
        priority,
        since: now,
        until,
    }
}

/// Takes a slot in the queue of a namespace that queues, else in that of the scope whose money is
/// awaited, so that only those wait for one another who want the same money.
fn enter<S: SharedStore>(
    head: &Head,
    pending: &Pending,
    why: &WhyWait,
    cx: &mut StepContext<'_, S>,
) -> Option<Queued> {
    let caller = pending.call.grant.caller();
    let policy = &caller.namespace().policy;
    let queue = match why {
        WhyWait::Money(Denied::Budget { scope, .. }) if !caller.queues() => &scope.name,
        _ => &policy.name,
    };
    let priority = priority(head, policy);
    let limits = policy.settings.queue;
    let epochs = Epochs(limits.queue_timeout_seconds);
    let most = limits.max_queue_size;
    let slot = queue::enter(cx.store, queue, priority, most, epochs, cx.now).ok()?;
    let timeout = Duration::from_secs(limits.queue_timeout_seconds);
    Some(Queued {
        queue: queue.clone(),
        entry: QueueEntry {
            priority,
            since: cx.now,
            until: cx.now.plus(timeout),
        },
        slot,
    })
}
