//! An admitted call on its way to its upstream.

use crate::exchange::call::{InFlight, Pending};
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::head::Head;
use crate::exchange::origin::Origin;
use crate::exchange::state::{Exchange, State};
use crate::fair_share::RequestHold;

impl Exchange {
    /// Sends an admitted call on to its upstream.
    pub(super) fn send(&mut self, head: Head, mut pending: Pending, hold: RequestHold) -> Step {
        let effects = forward(&head, &mut pending);
        let in_flight = InFlight {
            was_throttled: pending.was_throttled,
            call: pending.call,
            hold,
            status: 0,
            origin: Origin::default(),
            meter: None,
            claimed: 0,
            complete: false,
            tells_cost: None,
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
