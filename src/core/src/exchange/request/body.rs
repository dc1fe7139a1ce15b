//! The body of a request, while it comes and once it is there.

use crate::bodies::Pace;
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Level, Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::state::{Claiming, Exchange, State};
use crate::refusal::Refusal;
use crate::store::SharedStore;

impl Exchange {
    pub(crate) fn on_body_never_came<S>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        let Some(mut step) = self.refuse_body(&Refusal::body_never_came(), cx) else {
            return Step::new(self.request_verdict());
        };
        let reason = "a request was held at its headers and its body never came: set \
                      `allow_on_headers_stop_iteration: true` in Envoy's plugin configuration, or \
                      `hold: body` in Paddock's";
        step.effects
            .push(Effect::Log(Level::Error, reason.to_owned()));
        step
    }

    pub(crate) fn on_body_too_slow<S>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        let least = cx.worker.config.held_bodies.least_bytes_per_second;
        let refused = self.refuse_body(&Refusal::body_too_slow(least, Pace::PERIOD), cx);
        refused.unwrap_or_else(|| Step::new(self.request_verdict()))
    }

    /// Refuses a request that waits for its body.
    fn refuse_body<S>(&mut self, refusal: &Refusal, cx: &mut StepContext<'_, S>) -> Option<Step> {
        let (head, caller) = match core::mem::take(&mut self.state) {
            State::AwaitBody { head, caller, .. } => (head, caller),
            State::AwaitPassing { passing } => (passing.head, passing.caller),
            other => {
                self.state = other;
                return None;
            }
        };
        Some(self.refuse_call(refusal, CallContext::of(&head, &caller), cx))
    }

    pub(crate) fn on_body_grows<S: SharedStore>(
        &mut self,
        received: usize,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        if let Some(body) = &mut self.arriving {
            body.received = received;
        }
        if let Some(refused) = self.hold_more(received, cx) {
            return refused;
        }
        let limit = cx.worker.config.max_request_bytes;
        let refusal = || Refusal::too_large(limit as u64);
        match core::mem::take(&mut self.state) {
            State::AwaitBody { head, caller, .. } if received > limit => {
                self.refuse_call(&refusal(), CallContext::of(&head, &caller), cx)
            }
            State::AwaitPassing { passing }
            | State::AwaitGrants { passing }
            | State::BorrowToPass { passing, .. }
                if received > limit =>
            {
                let call_context = CallContext::of(&passing.head, &passing.caller);
                self.refuse_call(&refusal(), call_context, cx)
            }
            State::AwaitOwner {
                claim: Claiming::PassThrough { passing, .. },
                ..
            } if received > limit => {
                let call_context = CallContext::of(&passing.head, &passing.caller);
                self.refuse_call(&refusal(), call_context, cx)
            }
            State::Identify { head, .. } if received > limit => {
                self.refuse_too_large(&head, cx.worker)
            }
            State::PassThrough(mut passing) if received > limit => {
                let refusal = refusal();
                passing.status = refusal.status;
                let mut effects = Vec::new();
                let (head, caller) = passing.conclude(cx, &mut effects);
                let mut step = self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
                // The access log is told of the refusal last.
                effects.append(&mut step.effects);
                step.effects = effects;
                step
            }
            other => {
                self.state = other;
                Step::new(self.request_verdict())
            }
        }
    }

    pub(crate) fn on_request_body<S: SharedStore>(
        &mut self,
        body: &[u8],
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        if body.len() > cx.worker.config.max_request_bytes {
            return self.on_body_grows(body.len(), cx);
        }
        if let Some(refused) = self.hold_more(body.len(), cx) {
            return refused;
        }
        match core::mem::take(&mut self.state) {
            State::AwaitBody {
                head,
                endpoint,
                caller,
            } => self.decide(head, &endpoint, caller, body, cx),
            State::AwaitPassing { passing } => self.pass_through(*passing, Some(body), cx),
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
                self.state = other;
                Step::new(self.request_verdict())
            }
        }
    }
}
