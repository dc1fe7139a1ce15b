//! Paths the operator lets pass: identified and rated, but not metered.

use super::admit::scopes;
use super::effect::{Effect, Step, Verdict};
use super::rate_headers::set_rate_headers;
use super::refused::Asker;
use super::request::Head;
use super::{Exchange, State, Surroundings};
use crate::admission::{Ask, Lane, WhenShort};
use crate::authorization::authorize_role;
use crate::fair_share::{Demand, NotAdmitted, Reserved, admit};
use crate::identity::Caller;
use crate::money::Money;
use crate::policy::EndpointScope;
use crate::store::SharedStore;

/// A request on its way through.
#[derive(Debug)]
pub(super) struct Passing {
    head: Head,
    caller: Caller,
    reservation: Reserved,
    status: u16,
}

impl Exchange {
    /// Lets a request pass to `upstream`, debited as one request without tokens or cost.
    pub(super) fn pass_through<S: SharedStore>(
        &mut self,
        head: Head,
        caller: Caller,
        upstream: String,
        on: &mut Surroundings<'_, S>,
    ) -> Step {
        if let Err(refusal) = authorize_role(&caller, EndpointScope::Chat) {
            return self.refuse_asker(&refusal, Asker::of(&head, &caller), on);
        }
        let ask = Ask {
            tokens: 0,
            money: Money::ZERO,
            short: WhenShort::Refuse,
            lane: Lane::Regular,
        };
        let policy = &caller.namespace().policy;
        let limit = on.gateway.config.upstream(&upstream);
        let demand = limit.map(|limit| Demand::new(limit, policy, 0));
        let (terms, demand) = (on.gateway.terms(), demand.as_ref());
        match admit(on.store, &scopes(&caller), &ask, demand, terms, on.now) {
            Ok(reservation) => {
                let namespace = caller.namespace().policy.name.clone();
                let headers_gone = head.headers_gone;
                let passing = Passing {
                    head,
                    caller,
                    reservation,
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
                self.refuse_denied(denied, Money::ZERO, Asker::of(&head, &caller), on)
            }
            Err(NotAdmitted::Upstream(limit, denial)) => {
                self.refuse_share(&limit, denial, Asker::of(&head, &caller), on)
            }
        }
    }
}

impl Passing {
    pub(super) fn on_response_headers(&mut self, status: u16, effects: &mut Vec<Effect>) {
        self.status = status;
        let request_id = self.head.request_id.clone();
        effects.push(Effect::SetResponseHeader("x-request-id", request_id));
        set_rate_headers(effects, self.reservation.scopes().rates());
    }

    pub(super) fn conclude<S: SharedStore>(
        self,
        on: &mut Surroundings<'_, S>,
        effects: &mut Vec<Effect>,
    ) {
        let _ = self.reservation.settle(on.store, 0, Money::ZERO, on.now);
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
