//! Places the hold of a call, or says what becomes of a call that cannot have one: a wait for
//! money, a wait in the queue, the fallback model, or a refusal.

mod end_user;
mod fallback;
mod forward;
mod payer;
mod queue;

pub(crate) use payer::{awaited_reservation, reservation_id};
pub(crate) use queue::short_wait;

use super::call::{BodyRead, OutputLimit, Pending};
use super::context::StepContext;
use super::effect::{Effect, Question, Step, Verdict};
use super::event::CallContext;
use super::head::Head;
use super::state::{Exchange, State};
use crate::admission::{Denied, await_money};
use crate::config::Config;
use crate::exchange::call::AskedFor;
use crate::fair_share::{Demand, NotAdmitted};
use crate::money::Money;
use crate::store::SharedStore;
use end_user::end_user;
use fallback::{fallback, redirected};
use payer::{Payer, pay_from, payer};
use queue::{WhyWait, others_are_ahead, priority};
use std::rc::Rc;

impl Exchange {
    /// Debits what a call asks for, or says what becomes of it where that cannot be had. `read` is
    /// what it was prepared from, where that is still at hand.
    pub(crate) fn admit<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        read: Option<BodyRead<'_>>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        if others_are_ahead(&head, &pending, cx) {
            return self.wait_in_queue(head, pending, WhyWait::OthersAhead, cx);
        }
        let caller = pending.call.grant.caller().clone();
        let mut levels = caller.scopes().to_vec();
        let reservation = match payer(&head, &pending, cx) {
            Payer::Ordinary => None,
            Payer::Reservation(scope) => Some(scope),
            Payer::Unknown(request) => {
                return self.wait(head, pending, read, Question::Resolve(request), cx);
            }
        };
        if let Some(scope) = &reservation {
            let paid = [&caller.namespace().scope, &caller.organization().scope];
            pay_from(scope, &mut levels, paid);
        }
        if let Some(user) = end_user(&pending.call, cx) {
            pending.call.user_shared = user.shared;
            levels.push(user.scope);
        }
        pending.call.budgets.clear();
        for (budget, scope) in pending.call.grant.budgets() {
            pending.call.budgets.push(budget.name.clone());
            levels.push(Rc::clone(scope));
        }
        if pending.call.deployed.is_some() {
            let (random, terms) = (cx.worker.random(), cx.worker.terms());
            let config = &cx.worker.config;
            pending.call.choose(config, terms, random, cx.store, cx.now);
        }
        let demand = demand(&pending, &cx.worker.config);
        let name = &caller.namespace().policy.name;
        let has_waited = pending.recalled.is_some_and(|entry| cx.now >= entry.until);
        let (ask, demand) = (&pending.call.ask, demand.as_ref());
        match self.hold_enforced(name, &mut levels, ask, demand, has_waited, cx) {
            Ok(hold) => {
                pending.leave_queue(true, cx.store);
                self.send(head, pending, hold)
            }
            Err(NotAdmitted::Scope(Denied::Lend(needs))) => {
                pending.asked_for = AskedFor::of(&needs);
                self.wait(head, pending, read, Question::Lend(needs), cx)
            }
            Err(NotAdmitted::Scope(Denied::Budget { scope, .. }))
                if reservation.is_some_and(|paying| Rc::ptr_eq(&paying, &scope)) =>
            {
                pending.may_be_reserved = false;
                self.admit(head, pending, read, cx)
            }
            Err(NotAdmitted::Scope(denied)) => self.denied(head, pending, read, denied, cx),
            Err(NotAdmitted::Upstream(..)) if pending.call.first_is_full() => {
                self.admit(head, pending, read, cx)
            }
            Err(NotAdmitted::Upstream(limit, denial)) => {
                pending.leave_queue(false, cx.store);
                self.refuse_share(
                    &limit,
                    denial,
                    CallContext::making(&head, &pending.call),
                    cx,
                )
            }
        }
    }

    fn denied<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        read: Option<BodyRead<'_>>,
        denied: Denied,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let denied = match denied {
            Denied::Recalled { until, rate } => {
                let policy = &pending.call.grant.caller().namespace().policy;
                let first = || short_wait(priority(&head, policy), until, cx.now);
                let entry = pending.recalled.unwrap_or_else(first);
                if cx.now < entry.until {
                    keep_fallback(&head, &mut pending, read, cx);
                    keep_output_limit(&mut pending, read);
                    return self.wait_for_grants(head, pending, entry);
                }
                *rate
            }
            denied => denied,
        };
        if let Some(other) = redirected(&head, &mut pending, read, &denied, cx) {
            return self.admit(head, other, None, cx);
        }
        if let Denied::Budget { .. } = denied {
            keep_output_limit(&mut pending, read);
        }
        let caller = pending.call.grant.caller().clone();
        match denied {
            Denied::Rate {
                throttled: true,
                retry_after,
                rates,
                ..
            } if caller.queues() => {
                let why = WhyWait::Throttled(retry_after, rates);
                self.wait_in_queue(head, pending, why, cx)
            }
            Denied::Budget {
                ref scope,
                shortage,
                ..
            } if shortage.may_pass(pending.call.ask.money) => {
                // A newcomer that stands behind others only does not lengthen their wait.
                if pending.call.ask.is_turn || pending.call.ask.money > shortage.remaining {
                    await_money(cx.store, scope, cx.now);
                }
                self.wait_in_queue(head, pending, WhyWait::Money(denied), cx)
            }
            Denied::Budget { shortage, .. } if limit_output(&mut pending, shortage.remaining) => {
                self.admit(head, pending, None, cx)
            }
            Denied::Budget {
                ref scope,
                shortage,
                ..
            } if least(&pending).is_some_and(|least| shortage.may_pass(least)) => {
                await_money(cx.store, scope, cx.now);
                self.wait_in_queue(head, pending, WhyWait::Money(denied), cx)
            }
            denied => {
                pending.leave_queue(false, cx.store);
                let needed = pending.call.ask.money;
                self.refuse_denied(
                    denied,
                    needed,
                    CallContext::making(&head, &pending.call),
                    cx,
                )
            }
        }
    }

    /// Has a call wait for an answer.
    fn wait<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        read: Option<BodyRead<'_>>,
        question: Question,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        pending.rounds = pending.rounds.saturating_add(1);
        pending.recalled = None;
        keep_fallback(&head, &mut pending, read, cx);
        keep_output_limit(&mut pending, read);
        self.state = State::Borrow {
            head,
            pending: Box::new(pending),
        };
        let mut step = Step::new(Verdict::Wait);
        step.effects.push(Effect::Ask(question));
        step
    }
}

/// Prepares what a call may be redirected to before it waits for an answer: its body is not at hand any
/// more when the answer comes.
pub(crate) fn keep_fallback<S>(
    head: &Head,
    pending: &mut Pending,
    read: Option<BodyRead<'_>>,
    cx: &StepContext<'_, S>,
) {
    if let (None, Some(read)) = (&pending.fallback, read) {
        pending.fallback = fallback(head, pending, read, cx).map(Box::new);
    }
}

/// Prepares a limit of the output of a call, as [`keep_fallback`] does its fallback.
fn keep_output_limit(pending: &mut Pending, read: Option<BodyRead<'_>>) {
    if let (None, Some(read)) = (&pending.output_limit, read) {
        pending.output_limit = OutputLimit::of(pending, read).map(Box::new);
    }
}

/// Limits the output of a call to what is left of a budget, if that can be.
fn limit_output(pending: &mut Pending, left: Money) -> bool {
    let limit = pending.output_limit.take();
    let limited = limit
        .as_ref()
        .is_some_and(|limit| limit.apply(pending, left));
    pending.output_limit = limit;
    limited
}

/// What a call costs at most if its output is limited to a usual answer; absent if it cannot be.
fn least(pending: &Pending) -> Option<Money> {
    pending.output_limit.as_ref()?.least(pending)
}

/// What a call wants of its upstream, where that has a limit of its own.
fn demand(pending: &Pending, config: &Config) -> Option<Demand> {
    let call = &pending.call;
    let limit = config.upstream(call.upstream())?;
    let namespace = &call.grant.caller().namespace().policy;
    Some(Demand::new(limit, namespace, call.ask.tokens))
}
