//! An admitted call on its way to its upstream.

use crate::exchange::call::{InFlight, Pending};
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::head::Head;
use crate::exchange::origin::Origin;
use crate::exchange::state::{Exchange, State};
use crate::failover::groups_header;
use crate::fair_share::RequestHold;

/// The header that tells Envoy which clusters are tried, in which order. Its presence chooses the route.
const GROUPS: &str = "x-paddock-deployments";

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
        let upstream = call.upstream().to_owned();
        let namespace = call.grant.caller().namespace().policy.name.clone();
        effects.push(Effect::SetRequestHeader("x-paddock-upstream", upstream));
        effects.push(Effect::SetRequestHeader("x-paddock-namespace", namespace));
        if call.may_fail_over() {
            effects.extend(attempts(head, pending));
        }
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

/// What Envoy and the attempts are told of a call that several deployments may serve.
fn attempts(head: &Head, pending: &Pending) -> Vec<Effect> {
    let call = &pending.call;
    let body = pending.rewritten.as_ref();
    let length = body.map_or(head.announced_bytes, Vec::len);
    let length = head.has_length.then_some(length);
    let Some(attempts) = call.attempts(head, pending.path.as_deref(), length) else {
        return Vec::new();
    };
    let retries = call.upstreams().count().saturating_sub(1);
    vec![
        Effect::SetRequestHeader(GROUPS, groups_header(call.upstreams())),
        Effect::SetRequestHeader("x-envoy-max-retries", retries.to_string()),
        Effect::KeepAttempts(head.request_id.clone(), Box::new(attempts)),
    ]
}
