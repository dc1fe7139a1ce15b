//! From a body to a reservation, and on to the upstream.

use super::call::{InFlight, Pending};
use super::content::violated;
use super::effect::{Effect, Question, Step, Verdict};
use super::end_user::end_user;
use super::prepare::{Asked, Choice, prepare};
use super::rate_headers::rate_headers;
use super::refused::CallContext;
use super::request::Head;
use super::reserved::{Payer, pay_from, payer};
use super::throttled::{WhyWait, fallback, leave_queue, others_are_ahead, redirected};
use super::{Exchange, State, StepContext};
use crate::admission::{Denied, RateKind, RateView, Scope};
use crate::config::Config;
use crate::fair_share::{self, Demand, NotAdmitted, RequestHold, UpstreamLimit, hold_request};
use crate::identity::Caller;
use crate::money::Money;
use crate::policy::is_auto;
use crate::refusal::{Budget, Rate, Refusal};
use crate::request::{Endpoint, ModelRequest, read_body};
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use crate::wire::CapPeriod;
use std::rc::Rc;

/// A body and what it says, while it is at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyRead<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) request: &'a ModelRequest<'a>,
    pub(super) body: &'a [u8],
    /// Whether that is another body than the one that came.
    pub(super) is_changed: bool,
}

impl<'a> BodyRead<'a> {
    /// Together with the head it came with.
    pub(super) fn asked(self, head: &'a Head) -> Asked<'a> {
        Asked {
            head,
            endpoint: self.endpoint,
            request: self.request,
            body: self.body,
            is_changed: self.is_changed,
        }
    }
}

impl Exchange {
    pub(super) fn decide<S: SharedStore>(
        &mut self,
        head: Head,
        endpoint: &Endpoint,
        caller: Caller,
        body: &[u8],
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let request = match read_body(endpoint, body) {
            Ok(request) => request,
            Err(error) => {
                let refusal = Refusal::from(error);
                return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
            }
        };
        let read = BodyRead {
            endpoint,
            request: &request,
            body,
            is_changed: false,
        };
        if is_auto(&request.model) {
            return self.decide_routed(head, caller, read, cx);
        }
        self.decide_on(Choice::of_the_caller(&request), head, caller, read, cx)
    }

    /// Prepares a call of the chosen model, and admits it.
    pub(super) fn decide_on<S: SharedStore>(
        &mut self,
        choice: Choice<'_>,
        head: Head,
        caller: Caller,
        read: BodyRead<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let tenant = caller.clone();
        match prepare(caller, &read.asked(&head), choice, cx.worker) {
            Ok(pending) => match violated(&pending.call, read.body, cx.worker) {
                None => self.admit(head, pending, Some(read), cx),
                Some(violation) => self.refuse_content(&head, &pending.call, &violation, cx),
            },
            Err(refusal) => {
                let call_context = CallContext::of(&head, &tenant).naming(&read.request.model);
                self.refuse_call(&refusal, call_context, cx)
            }
        }
    }

    /// Debits what a call asks for, or says what becomes of it where that cannot be had. `read` is
    /// what it was prepared from, where that is still at hand.
    pub(super) fn admit<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        read: Option<BodyRead<'_>>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        if others_are_ahead(&head, &pending, cx) {
            return self.wait_in_queue(head, pending, &WhyWait::OthersAhead, cx);
        }
        let caller = pending.call.grant.caller().clone();
        let mut levels = scopes(&caller).to_vec();
        let reserved = match payer(&head, &pending, cx) {
            Payer::Ordinary => None,
            Payer::Reservation(scope) => Some(scope),
            Payer::Unknown(request) => {
                return self.wait(head, pending, read, Question::Resolve(request), cx);
            }
        };
        if let Some(scope) = &reserved {
            let paid = [&caller.namespace().scope, &caller.organization().scope];
            pay_from(scope, &mut levels, paid);
        }
        if let Some(user) = end_user(&pending.call, cx) {
            pending.call.user_shared = user.shared;
            levels.push(user.scope);
        }
        let demand = demand(&pending, &cx.worker.config);
        let (terms, ask) = (cx.worker.terms(), &pending.call.ask);
        match hold_request(cx.store, &levels, ask, demand.as_ref(), terms, cx.now) {
            Ok(hold) => {
                leave_queue(&mut pending, true, cx);
                self.send(head, pending, hold)
            }
            Err(NotAdmitted::Scope(Denied::Lend(needs))) => {
                self.wait(head, pending, read, Question::Lend(needs), cx)
            }
            Err(NotAdmitted::Scope(Denied::Budget { scope, .. }))
                if reserved.is_some_and(|reserved| Rc::ptr_eq(&reserved, &scope)) =>
            {
                pending.may_be_reserved = false;
                self.admit(head, pending, read, cx)
            }
            Err(NotAdmitted::Scope(denied)) => self.denied(head, pending, read, denied, cx),
            Err(NotAdmitted::Upstream(limit, denial)) => {
                leave_queue(&mut pending, false, cx);
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
        if let Some(other) = redirected(&head, &mut pending, read, &denied, cx) {
            return self.admit(head, other, None, cx);
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
                self.wait_in_queue(head, pending, &why, cx)
            }
            denied => {
                leave_queue(&mut pending, false, cx);
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

    /// Sends an admitted call on to its upstream.
    fn send(&mut self, head: Head, mut pending: Pending, hold: RequestHold) -> Step {
        let effects = forward(&head, &mut pending);
        let in_flight = InFlight {
            was_queued: pending.was_queued,
            call: pending.call,
            hold,
            status: 0,
            local: false,
            meter: None,
            complete: false,
        };
        self.state = State::Upstream {
            head,
            in_flight: Box::new(in_flight),
        };
        Step {
            verdict: Verdict::Continue,
            effects,
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
        if let (None, Some(read)) = (&pending.fallback, read) {
            // The body is not at hand any more when the answer comes.
            pending.fallback = fallback(&head, &pending, read, cx).map(Box::new);
        }
        self.state = State::Borrow {
            head,
            pending: Box::new(pending),
        };
        let mut step = Step::new(Verdict::Wait);
        step.effects.push(Effect::Ask(question));
        step
    }

    /// Refuses what an upstream's own limit leaves no share for.
    pub(super) fn refuse_share<S>(
        &mut self,
        limit: &UpstreamLimit,
        denial: fair_share::ShareDenial,
        call_context: CallContext<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let rate = match denial.kind {
            RateKind::Tokens => Rate::Tokens,
            RateKind::Requests | RateKind::Concurrency => Rate::Requests,
        };
        let namespace = &call_context.caller().namespace().scope.name;
        let refusal = Refusal::over_share(
            &limit.scope(),
            namespace,
            rate,
            (denial.limit, denial.share),
            denial.wait,
        );
        self.refuse_call(&refusal, call_context, cx)
    }

    /// Refuses what admission denied, with the rates as they are.
    pub(super) fn refuse_denied<S>(
        &mut self,
        denied: Denied,
        needed: Money,
        call_context: CallContext<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let (refusal, rates) = refusal_of(denied, needed, cx.now);
        let mut step = self.refuse_call(&refusal, call_context, cx);
        if let Verdict::Reply(reply) = &mut step.verdict {
            reply.headers.extend(rate_headers(&rates));
        }
        step
    }
}

/// What a call wants of its upstream, where that has a limit of its own.
fn demand(pending: &Pending, config: &Config) -> Option<Demand> {
    let call = &pending.call;
    let limit = config.upstream(&call.grant.model()?.upstream)?;
    let namespace = &call.grant.caller().namespace().policy;
    Some(Demand::new(limit, namespace, call.ask.tokens))
}

/// Every scope a caller's requests are debited in, but for the end user they name.
pub(super) fn scopes(caller: &Caller) -> [Rc<Scope>; 3] {
    [
        Rc::clone(&caller.key().scope),
        Rc::clone(&caller.namespace().scope),
        Rc::clone(&caller.organization().scope),
    ]
}

/// What the upstream must see.
fn forward(head: &Head, pending: &mut Pending) -> Vec<Effect> {
    let call = &pending.call;
    let mut effects = Vec::with_capacity(4);
    if !head.headers_gone {
        let upstream = call
            .grant
            .model()
            .map_or(String::new(), |model| model.upstream.clone());
        let namespace = call.grant.caller().namespace().policy.name.clone();
        effects.push(Effect::SetRequestHeader("x-paddock-upstream", upstream));
        effects.push(Effect::SetRequestHeader("x-paddock-namespace", namespace));
        effects.extend(pending.path.take().map(Effect::SetPath));
    }
    if let Some(body) = pending.rewritten.take() {
        if head.has_length {
            let length = body.len().to_string();
            effects.push(Effect::SetRequestHeader("content-length", length));
        }
        effects.push(Effect::ReplaceRequestBody(body));
    }
    effects
}

fn refusal_of(denied: Denied, needed: Money, now: Timestamp) -> (Refusal, RateView) {
    match denied {
        Denied::Rate {
            scope,
            kind,
            retry_after,
            throttled,
            rates,
        } => {
            let limits = &scope.limits;
            let (rate, limit) = match kind {
                RateKind::Requests => (Rate::Requests, limits.requests_per_minute),
                RateKind::Tokens => (Rate::Tokens, limits.tokens_per_minute),
                RateKind::Concurrency => (Rate::Concurrency, limits.max_concurrency),
            };
            let refusal = match throttled {
                false => Refusal::rate_limited(&scope.name, rate, limit, retry_after),
                true => {
                    let limit = limit.unwrap_or_default();
                    let left = scope.throttle.factor.of(limit);
                    let why = scope.throttle.imposed_until(now).into();
                    Refusal::throttled(&scope.name, why, rate, (limit, left), retry_after)
                }
            };
            (refusal, rates)
        }
        Denied::Budget {
            scope,
            shortage,
            rates,
        } => {
            let budget = match shortage.period {
                CapPeriod::Daily => Budget::Daily,
                CapPeriod::Monthly => Budget::Monthly,
                CapPeriod::Balance => Budget::Balance,
            };
            let has_reset = |at: &Timestamp| Timestamp::EPOCH < *at && *at < Timestamp::FAR;
            let resets_at = Some(shortage.resets_at).filter(has_reset);
            let remaining = shortage.remaining;
            let refusal =
                Refusal::budget_exceeded(&scope.name, budget, remaining, needed, resets_at);
            (refusal, rates)
        }
        Denied::Lend(_) | Denied::Contended => {
            (Refusal::accounting_unavailable(None), RateView::default())
        }
    }
}
