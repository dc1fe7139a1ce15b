//! From a body to a reservation, and on to the upstream.

use super::call::{InFlight, Pending};
use super::effect::{Effect, Question, Step, Verdict};
use super::end_user::end_user;
use super::prepare::{Asked, Choice, prepare};
use super::rate_headers::rate_headers;
use super::request::Head;
use super::{Exchange, State, Surroundings};
use crate::admission::{Denied, RateKind, RateView, Scope, admit};
use crate::identity::Caller;
use crate::money::Money;
use crate::refusal::{Budget, Rate, Refusal};
use crate::request::{Endpoint, read_body};
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use crate::wire::CapPeriod;
use std::rc::Rc;

impl Exchange {
    pub(super) fn decide<S: SharedStore>(
        &mut self,
        head: Head,
        endpoint: &Endpoint,
        caller: Caller,
        body: &[u8],
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let tenant = caller.clone();
        let prepared = read_body(endpoint, body)
            .map_err(Refusal::from)
            .and_then(|request| {
                let asked = Asked {
                    head: &head,
                    endpoint,
                    request: &request,
                    body,
                };
                let choice = Choice::of_the_caller(&request);
                prepare(caller, &asked, choice, on.gateway)
            });
        match prepared {
            Ok(pending) => self.admit(head, pending, on),
            Err(refusal) => self.refuse(&refusal, head.format, &head.request_id, Some(&tenant)),
        }
    }

    pub(super) fn admit<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let caller = pending.call.grant.caller().clone();
        let mut levels = scopes(&caller).to_vec();
        if let Some(user) = end_user(&pending.call, on) {
            pending.call.user_shared = user.shared;
            levels.push(user.scope);
        }
        let terms = on.gateway.terms();
        match admit(on.store, &levels, &pending.call.ask, terms, on.now) {
            Ok(reservation) => {
                let effects = forward(&head, &mut pending);
                let in_flight = InFlight {
                    call: pending.call,
                    reservation,
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
            Err(Denied::Lend(needs)) => {
                pending.rounds = pending.rounds.saturating_add(1);
                self.state = State::Borrow {
                    head,
                    pending: Box::new(pending),
                };
                let mut step = Step::new(Verdict::Wait);
                step.effects.push(Effect::Ask(Question::Lend(needs)));
                step
            }
            Err(denied) => self.refuse_denied(denied, pending.call.ask.money, &head, &caller),
        }
    }

    /// Refuses what admission denied, with the rates as they are.
    pub(super) fn refuse_denied(
        &mut self,
        denied: Denied,
        needed: Money,
        head: &Head,
        caller: &Caller,
    ) -> Step {
        let (refusal, rates) = refusal_of(denied, needed);
        let mut step = self.refuse(&refusal, head.format, &head.request_id, Some(caller));
        if let Verdict::Reply(reply) = &mut step.verdict {
            reply.headers.extend(rate_headers(&rates));
        }
        step
    }
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

fn refusal_of(denied: Denied, needed: Money) -> (Refusal, RateView) {
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
                    Refusal::throttled(&scope.name, rate, limit, left, retry_after)
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
            };
            let resets_at = Some(shortage.resets_at).filter(|at| *at > Timestamp::EPOCH);
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
