//! Paths the operator lets pass: identified and limited, but not metered.

use crate::admission::{Ask, RateTier, WhenShort};
use crate::authorization::authorize_role;
use crate::exchange::call::PassThrough;
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::head::Head;
use crate::exchange::state::{Exchange, State};
use crate::fair_share::{Demand, NotAdmitted, hold_request};
use crate::identity::Caller;
use crate::money::Money;
use crate::policy::EndpointScope;
use crate::store::SharedStore;

impl Exchange {
    /// Lets a request pass to `upstream`, debited as one request without tokens or cost.
    pub(crate) fn pass_through<S: SharedStore>(
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
            is_turn: false,
        };
        let policy = &caller.namespace().policy;
        let limit = cx.worker.config.upstream(&upstream);
        let demand = limit.map(|limit| Demand::new(limit, policy, 0));
        let (terms, demand) = (cx.worker.terms(), demand.as_ref());
        match hold_request(cx.store, &caller.scopes(), &ask, demand, terms, cx.now) {
            Ok(hold) => {
                let namespace = caller.namespace().policy.name.clone();
                let headers_gone = head.headers_gone;
                let passing = PassThrough {
                    head,
                    caller,
                    hold,
                    status: 0,
                };
                self.state = State::PassThrough(Box::new(passing));
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
