//! From the request's headers to the upstream: identify, authorize, admit.

use super::answer::models_reply;
use super::call::{Call, InFlight, Pending, must_force_usage};
use super::effect::{Effect, Question, Step, Verdict};
use super::rate_headers::rate_headers;
use super::{Exchange, State, Surroundings};
use crate::admission::{Denied, RateKind, RateView, Scope, WhenShort, admit, view};
use crate::authorization::{authorize_endpoint, authorize_model};
use crate::identity::{Caller, Claim, Unauthenticated};
use crate::money::Money;
use crate::policy::FailureMode;
use crate::refusal::{Budget, Rate, Refusal};
use crate::request::{
    Endpoint, Headers, ModelRequest, RequestHead, guess_format, path_with_model, read_body,
};
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use crate::wire::CapPeriod;
use crate::wire_format::WireFormat;
use std::rc::Rc;

/// How often a request asks the service who its caller is, or waits for money, before it gives up.
const MAX_ROUNDS: u8 = 64;

/// What is kept of a request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) endpoint: Endpoint,
    pub(super) path: String,
    pub(super) format: WireFormat,
    pub(super) request_id: String,
    pub(super) user_agent: String,
    pub(super) client_address: String,
    pub(super) user: Option<String>,
}

impl Exchange {
    pub(super) fn on_request_headers<S: SharedStore>(
        &mut self,
        headers: &Headers<'_>,
        end: bool,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let head = RequestHead::read(headers);
        let format = guess_format(head.path, head.credential.as_ref());
        let request_id = text(head.request_id);
        let claim = match Claim::read(&head) {
            Ok(claim) => claim,
            Err(refusal) => return self.refuse(&refusal, format, &request_id, None),
        };
        let mut effects: Vec<Effect> = head
            .untrusted
            .iter()
            .map(|name| Effect::RemoveRequestHeader((*name).to_owned()))
            .collect();
        effects.extend(head.path_without_key().map(Effect::SetPath));
        let endpoint = Endpoint::of(head.method, head.path);
        let too_long = head
            .content_length
            .is_some_and(|length| length > on.gateway.config.max_request_bytes as u64);
        let kept = Head {
            format: endpoint.as_ref().map_or(format, Endpoint::format),
            endpoint: endpoint.unwrap_or(Endpoint::ListModels),
            path: text(Some(head.path)),
            request_id,
            user_agent: text(head.user_agent),
            client_address: client_address(headers),
            user: head
                .user
                .map(|user| text(Some(user)))
                .filter(|user| !user.is_empty()),
        };
        let known_path = Endpoint::of(head.method, head.path).is_some();
        let body = end.then(Vec::new);
        let mut step = match (known_path, too_long) {
            (false, _) => self.refuse_unknown_path(head.method, kept, &claim, on),
            (true, true) => {
                let refusal = Refusal::too_large(on.gateway.config.max_request_bytes as u64);
                self.refuse(&refusal, kept.format, &kept.request_id, None)
            }
            (true, false) => self.identify(kept, claim, body, 0, on),
        };
        effects.append(&mut step.effects);
        step.effects = effects;
        step
    }

    /// A path nobody governs is refused whoever calls; the refusal tells a stranger no more than
    /// that the key is wrong.
    fn refuse_unknown_path<S: SharedStore>(
        &mut self,
        method: &[u8],
        head: Head,
        claim: &Claim,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let refusal = match claim.authenticate(&mut on.gateway.cache, on.now) {
            Err(Unauthenticated::Refused(refusal)) => *refusal,
            _ => Refusal::path_not_found(method, head.path.as_bytes()),
        };
        self.refuse(&refusal, head.format, &head.request_id, None)
    }

    fn identify<S: SharedStore>(
        &mut self,
        head: Head,
        claim: Claim,
        body: Option<Vec<u8>>,
        rounds: u8,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        match claim.authenticate(&mut on.gateway.cache, on.now) {
            Ok(caller) => self.identified(head, caller, body, on),
            Err(Unauthenticated::Refused(refusal)) => {
                self.refuse(&refusal, head.format, &head.request_id, None)
            }
            Err(Unauthenticated::Unknown(_)) if rounds >= MAX_ROUNDS => {
                let refusal = Refusal::accounting_unavailable(None);
                self.refuse(&refusal, head.format, &head.request_id, None)
            }
            Err(Unauthenticated::Unknown(question)) => {
                let rounds = rounds.saturating_add(1);
                self.state = State::Identify {
                    head,
                    claim,
                    body,
                    rounds,
                };
                let mut step = Step::new(Verdict::Wait);
                step.effects.push(Effect::Ask(Question::Resolve(question)));
                step
            }
        }
    }

    fn identified<S: SharedStore>(
        &mut self,
        head: Head,
        caller: Caller,
        body: Option<Vec<u8>>,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        if head.endpoint == Endpoint::ListModels {
            let rates = view(on.store, &scopes(&caller), on.gateway.terms(), on.now);
            self.state = State::Done;
            let catalog = on
                .gateway
                .cache
                .catalog()
                .map(Rc::clone)
                .unwrap_or_default();
            let reply = models_reply(&caller, &catalog, &rates, &head.request_id);
            return Step::new(Verdict::Reply(reply));
        }
        if let Err(refusal) = authorize_endpoint(&caller, head.endpoint.scope()) {
            return self.refuse(&refusal, head.format, &head.request_id, Some(&caller));
        }
        match body {
            Some(body) => self.decide(head, caller, &body, on),
            None => {
                self.state = State::AwaitBody { head, caller };
                Step::new(Verdict::Wait)
            }
        }
    }

    pub(super) fn on_body_grows<S: SharedStore>(
        &mut self,
        received: usize,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let limit = on.gateway.config.max_request_bytes;
        match &self.state {
            State::AwaitBody { head, .. } | State::Identify { head, .. } if received > limit => {
                let (format, request_id) = (head.format, head.request_id.clone());
                self.refuse(&Refusal::too_large(limit as u64), format, &request_id, None)
            }
            State::Upstream { .. } | State::Done => Step::new(Verdict::Continue),
            _ => Step::new(Verdict::Wait),
        }
    }

    pub(super) fn on_request_body<S: SharedStore>(
        &mut self,
        body: &[u8],
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        if body.len() > on.gateway.config.max_request_bytes {
            return self.on_body_grows(body.len(), on);
        }
        match core::mem::take(&mut self.state) {
            State::AwaitBody { head, caller } => self.decide(head, caller, body, on),
            State::Identify {
                head,
                claim,
                rounds,
                ..
            } => {
                self.state = State::Identify {
                    head,
                    claim,
                    body: Some(body.to_vec()),
                    rounds,
                };
                Step::new(Verdict::Wait)
            }
            other => {
                let waits = matches!(other, State::Borrow { .. });
                self.state = other;
                Step::new(if waits {
                    Verdict::Wait
                } else {
                    Verdict::Continue
                })
            }
        }
    }

    pub(super) fn on_answered<S: SharedStore>(
        &mut self,
        reached: bool,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        match core::mem::take(&mut self.state) {
            State::Identify {
                head,
                claim,
                body,
                rounds,
            } => {
                // Where the service is away nobody's identity is certain: fail closed.
                let rounds = if reached { rounds } else { MAX_ROUNDS };
                self.identify(head, claim, body, rounds, on)
            }
            State::Borrow { head, mut pending } => {
                let caller = pending.call.grant.caller();
                let failure_mode = caller.namespace().policy.failure_mode;
                pending.call.ask.short = match (reached, failure_mode) {
                    (true, _) if pending.rounds < MAX_ROUNDS => WhenShort::Borrow,
                    (true, _) => WhenShort::Refuse,
                    (false, FailureMode::Open) => WhenShort::Overdraw,
                    (false, FailureMode::Closed) => {
                        let scope = &caller.namespace().scope.name;
                        let refusal = Refusal::accounting_unavailable(Some(scope));
                        let caller = caller.clone();
                        return self.refuse(&refusal, head.format, &head.request_id, Some(&caller));
                    }
                };
                self.admit(head, *pending, on)
            }
            other => {
                self.state = other;
                Step::new(Verdict::Wait)
            }
        }
    }

    fn decide<S: SharedStore>(
        &mut self,
        head: Head,
        caller: Caller,
        body: &[u8],
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let tenant = caller.clone();
        let prepared = read_body(&head.endpoint, body)
            .map_err(Refusal::from)
            .and_then(|request| {
                let catalog = on
                    .gateway
                    .cache
                    .catalog()
                    .map(Rc::clone)
                    .unwrap_or_default();
                let grant = authorize_model(caller, &catalog, &request.model)?;
                prepare(grant, &head, &request, body)
            });
        match prepared {
            Ok(pending) => self.admit(head, pending, on),
            Err(refusal) => self.refuse(&refusal, head.format, &head.request_id, Some(&tenant)),
        }
    }

    fn admit<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        let caller = pending.call.grant.caller().clone();
        let terms = on.gateway.terms();
        match admit(on.store, &scopes(&caller), &pending.call.ask, terms, on.now) {
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
            Err(denied) => {
                let (refusal, rates) = refusal_of(denied, pending.call.ask.money);
                let mut step = self.refuse(&refusal, head.format, &head.request_id, Some(&caller));
                if let Verdict::Reply(reply) = &mut step.verdict {
                    reply.headers.extend(rate_headers(&rates));
                }
                step
            }
        }
    }

    fn refuse(
        &mut self,
        refusal: &Refusal,
        format: WireFormat,
        request_id: &str,
        caller: Option<&Caller>,
    ) -> Step {
        self.state = State::Done;
        let reply = refusal.to_reply(format, request_id);
        let namespace = caller.map_or("", |caller| caller.namespace().policy.name.as_str());
        let code = refusal.code.name();
        let counted = format!("paddock_refusals_total;ns={namespace};reason={code}");
        let mut effects = vec![
            Effect::Count(counted, 1),
            Effect::Annotate("refusal", code.into()),
        ];
        if let Some(caller) = caller {
            effects.push(Effect::Annotate("namespace", namespace.to_owned()));
            effects.push(Effect::Annotate("key", caller.key().policy.id.clone()));
        }
        Step {
            verdict: Verdict::Reply(reply),
            effects,
        }
    }
}

/// Every scope a caller's requests are debited in.
pub(super) fn scopes(caller: &Caller) -> [Rc<Scope>; 2] {
    [
        Rc::clone(&caller.key().scope),
        Rc::clone(&caller.namespace().scope),
    ]
}

fn prepare(
    grant: crate::authorization::Grant,
    head: &Head,
    request: &ModelRequest<'_>,
    body: &[u8],
) -> Result<Pending, Refusal> {
    let force_usage = must_force_usage(&head.endpoint, request);
    let call = Call::new(grant, head, request, force_usage)?;
    let model = call.is_aliased().then(|| call.model_name());
    let rewritten = request.rewrite(body, model, force_usage);
    Ok(Pending {
        call,
        rewritten,
        rounds: 0,
    })
}

/// What the upstream must see.
fn forward(head: &Head, pending: &mut Pending) -> Vec<Effect> {
    let call = &pending.call;
    let upstream = call
        .grant
        .model()
        .map_or(String::new(), |model| model.upstream.clone());
    let namespace = call.grant.caller().namespace().policy.name.clone();
    let mut effects = vec![
        Effect::SetRequestHeader("x-paddock-upstream", upstream),
        Effect::SetRequestHeader("x-paddock-namespace", namespace),
    ];
    if matches!(head.endpoint, Endpoint::Gemini { .. }) && call.is_aliased() {
        effects.extend(path_with_model(&head.path, call.model_name()).map(Effect::SetPath));
    }
    effects.extend(pending.rewritten.take().map(Effect::ReplaceRequestBody));
    effects
}

fn refusal_of(denied: Denied, needed: Money) -> (Refusal, RateView) {
    match denied {
        Denied::Rate {
            scope,
            kind,
            retry_after,
            rates,
        } => {
            let limits = &scope.limits;
            let (rate, limit) = match kind {
                RateKind::Requests => (Rate::Requests, limits.requests_per_minute),
                RateKind::Tokens => (Rate::Tokens, limits.tokens_per_minute),
                RateKind::Concurrency => (Rate::Concurrency, limits.max_concurrency),
            };
            (
                Refusal::rate_limited(&scope.name, rate, limit, retry_after),
                rates,
            )
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

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

/// The last address of `x-forwarded-for`: the one Envoy itself added.
fn client_address(headers: &Headers<'_>) -> String {
    let chain = headers.get("x-forwarded-for").unwrap_or_default();
    let last = chain
        .rsplit(|byte| *byte == b',')
        .next()
        .unwrap_or_default();
    String::from_utf8_lossy(last.trim_ascii()).into_owned()
}
