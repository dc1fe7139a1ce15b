//! Paths the operator lets pass: identified and rated, but not metered.

use super::admit::scopes;
use super::effect::{Effect, Step, Verdict};
use super::rate_headers::set_rate_headers;
use super::refused::CallContext;
use super::request::Head;
use super::{Exchange, State, StepContext};
use crate::admission::{Ask, RateTier, WhenShort};
use crate::authorization::authorize_role;
use crate::fair_share::{Demand, NotAdmitted, RequestHold, hold_request};
use crate::identity::Caller;
use crate::money::Money;
use crate::policy::EndpointScope;
use crate::store::SharedStore;

/// A request on its way through.
#[derive(Debug)]
pub(super) struct Passing {
    head: Head,
    caller: Caller,
    hold: RequestHold,
    status: u16,
}

impl Exchange {
    /// Lets a request pass to `upstream`, debited as one request without tokens or cost.
    pub(super) fn pass_through<S: SharedStore>(
        &mut self,
        head: Head,
        caller: Caller,
        upstream: String,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        if let Err(refusal) = authorize_role(&caller, EndpointScope::Chat) {
            return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
        }
        let ask = Ask {
            tokens: 0,
            money: Money::ZERO,
            short: WhenShort::Refuse,
            tier: RateTier::Regular,
        };
        let policy = &caller.namespace().policy;
        let limit = cx.worker.config.upstream(&upstream);
        let demand = limit.map(|limit| Demand::new(limit, policy, 0));
        let (terms, demand) = (cx.worker.terms(), demand.as_ref());
        match hold_request(cx.store, &scopes(&caller), &ask, demand, terms, cx.now) {
            Ok(hold) => {
                let namespace = caller.namespace().policy.name.clone();
                let headers_gone = head.headers_gone;
                let passing = Passing {
                    head,
                    caller,
                    hold,
                    status: 0,
                };
                self.state = State::Passing(Box::new(passing));
                let mut step = Step::new(Verdict::Continue);
                if !headers_gone {
                    step.effects.extend([
                        Effect::SetRequestHeader("x-paddock-upstream", upstream),
                        Effect::SetRequestHeader("x-paddock-namespace", namespace),
                    ]);
                }
                step
            }
            Err(NotAdmitted::Scope(denied)) => {
                self.refuse_denied(denied, Money::ZERO, CallContext::of(&head, &caller), cx)
            }
            Err(NotAdmitted::Upstream(limit, denial)) => {
                self.refuse_share(&limit, denial, CallContext::of(&head, &caller), cx)
            }
        }
    }
}

impl Passing {
    pub(super) fn on_response_headers(&mut self, status: u16, effects: &mut Vec<Effect>) {
        self.status = status;
        let request_id = self.head.request_id.clone();
        effects.push(Effect::SetResponseHeader("x-request-id", request_id));
        set_rate_headers(effects, self.hold.scopes().rates());
    }

    pub(super) fn conclude<S: SharedStore>(
        self,
        cx: &mut StepContext<'_, S>,
        effects: &mut Vec<Effect>,
    ) {
        let _ = self.hold.settle(cx.store, 0, Money::ZERO, cx.now);
        let namespace = self.caller.namespace().policy.name.clone();
        let code = self.status;
        let counted = format!("paddock_passed_through_total;ns={namespace};code={code}");
        effects.push(Effect::Count(counted, 1));
        effects.push(Effect::Annotate("paddock_namespace", namespace));
        effects.push(Effect::Annotate(
            "paddock_key",
            self.caller.key().policy.id.clone(),
        ));
    }
}
