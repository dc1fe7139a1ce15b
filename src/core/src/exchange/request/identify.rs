//! From a claim to a caller, and to what the caller wants.

use super::models::models_body;
use crate::admission::WhenShort;
use crate::admission::view;
use crate::authorization::{authorize_endpoint, authorize_role};
use crate::config::Check;
use crate::exchange::call::Passing;
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Question, Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::head::{Head, Target};
use crate::exchange::rate_headers::rate_headers;
use crate::exchange::state::{Exchange, MAX_ROUNDS, State};
use crate::identity::{Caller, Claim, Unauthenticated};
use crate::policy::{EndpointScope, FailureMode};
use crate::refusal::{Refusal, Reply};
use crate::request::{BodyEncoding, ModelList};
use crate::store::SharedStore;
use crate::wire_format::WireFormat;
use std::rc::Rc;

impl Exchange {
    pub(crate) fn identify<S: SharedStore>(
        &mut self,
        head: Head,
        claim: Claim,
        body: Option<Vec<u8>>,
        rounds: u8,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        match claim.authenticate(&mut cx.worker.cache, cx.now) {
            Ok(caller) => match self.is_policy_good_for(&caller, cx) {
                Ok(()) => self.identified(head, caller, body, cx),
                Err(refusal) => self.refuse_call(&refusal, CallContext::of(&head, &caller), cx),
            },
            Err(Unauthenticated::Refused(refusal)) => {
                self.refuse(&refusal, head.format, &head.request_id, None, cx.worker)
            }
            Err(Unauthenticated::Unknown(_)) if rounds >= MAX_ROUNDS => {
                let counts = &mut cx.worker.counts;
                counts.failed("", Check::Authentication, FailureMode::Closed);
                let refusal = Refusal::accounting_unavailable(None);
                self.refuse(&refusal, head.format, &head.request_id, None, cx.worker)
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
                step.effects.push(Effect::Ask(Question::Resolve(*question)));
                step
            }
        }
    }

    /// Whether what is known of a caller may still be believed.
    fn is_policy_good_for<S>(
        &self,
        caller: &Caller,
        cx: &mut StepContext<'_, S>,
    ) -> Result<(), Refusal> {
        let worker = &mut *cx.worker;
        if !worker.is_policy_too_old(cx.now) {
            return Ok(());
        }
        let namespace = caller.namespace();
        let check = Check::Authentication;
        let mode = worker.config.failure_modes.of(check, &namespace.policy);
        worker.counts.failed(&namespace.policy.name, check, mode);
        match mode {
            FailureMode::Open => Ok(()),
            FailureMode::Closed => {
                let age = worker.policy_age(cx.now).unwrap_or_default();
                Err(Refusal::policy_too_old(&namespace.scope.name, age))
            }
        }
    }

    fn identified<S: SharedStore>(
        &mut self,
        head: Head,
        caller: Caller,
        body: Option<Vec<u8>>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let endpoint = match &head.target {
            Target::Models(list) => {
                let answer = authorize_role(&caller, EndpointScope::Models)
                    .and_then(|()| self.list_models(list, &head, &caller, cx));
                return answer.unwrap_or_else(|refusal| {
                    self.refuse_call(&refusal, CallContext::of(&head, &caller), cx)
                });
            }
            Target::Model(endpoint) => endpoint.clone(),
            Target::PassThrough(passage) => {
                let passage = passage.clone();
                let passing = Passing {
                    head,
                    passage,
                    caller,
                    recalled: None,
                    unshared: WhenShort::Borrow,
                    unshared_upstream: WhenShort::Borrow,
                };
                return self.pass_through(passing, body.as_deref(), cx);
            }
            Target::Nothing { method } => {
                let refusal = Refusal::path_not_found(method, head.path.as_bytes());
                return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
            }
        };
        let may_call = authorize_endpoint(&caller, endpoint.scope());
        if let Err(refusal) = may_call.and_then(|()| check_encoding(head.encoding)) {
            return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
        }
        let bytes = body.as_ref().map_or(head.announced_bytes, Vec::len);
        if let Err(refusal) = self.hold_body(&caller, bytes, cx) {
            return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
        }
        match body {
            Some(body) => self.decide(head, &endpoint, caller, &body, cx),
            None => {
                if let Err(refusal) = self.await_body(&caller, cx) {
                    return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
                }
                self.state = State::AwaitBody {
                    head,
                    endpoint,
                    caller,
                };
                Step::new(Verdict::Wait)
            }
        }
    }

    fn list_models<S: SharedStore>(
        &mut self,
        list: &ModelList,
        head: &Head,
        caller: &Caller,
        cx: &mut StepContext<'_, S>,
    ) -> Result<Step, Refusal> {
        let catalog = cx.worker.cache.catalog().map(Rc::clone).unwrap_or_default();
        let body = models_body(list, caller, &catalog, cx.now)?;
        let (terms, grants) = (cx.worker.terms(), &cx.worker.grants);
        let rates = view(grants, cx.store, &caller.scopes(), terms, cx.now);
        self.state = State::Refused;
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-request-id", head.request_id.clone()),
        ];
        if list.format() == WireFormat::Anthropic {
            headers.push(("request-id", head.request_id.clone()));
        }
        headers.extend(rate_headers(&rates, cx.worker.config.rate_headers));
        Ok(Step::new(Verdict::Reply(Reply {
            status: 200,
            headers,
            body,
        })))
    }
}

/// Whether a body can be read.
fn check_encoding(encoding: BodyEncoding) -> Result<(), Refusal> {
    match encoding {
        BodyEncoding::Unreadable => Err(Refusal::unsupported_encoding()),
        _ => Ok(()),
    }
}
