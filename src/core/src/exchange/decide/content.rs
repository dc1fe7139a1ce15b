//! Prompts that the operator's content policy forbids: counted as a request, refused, recorded.

use crate::admission::{Ask, RateTier, WhenShort};
use crate::exchange::call::Call;
use crate::exchange::context::{StepContext, WorkerState};
use crate::exchange::effect::{Step, Verdict};
use crate::exchange::event::{CallContext, emit};
use crate::exchange::head::Head;
use crate::exchange::rate_headers::rate_headers;
use crate::exchange::state::Exchange;
use crate::fair_share::NotAdmitted;
use crate::money::Money;
use crate::refusal::Refusal;
use crate::request::texts;
use crate::store::SharedStore;
use crate::wire::{Outcome, UsageEvent};
use std::borrow::Cow;
use std::rc::Rc;

/// What a prompt is refused for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    category: String,
    /// Whose mode enforces it.
    scope: String,
}

/// What of the policy a call's prompt violates. Where its mode enforces nothing, the prompt is not
/// looked at.
pub(crate) fn violated(call: &Call, body: &[u8], worker: &WorkerState) -> Option<Violation> {
    let caller = call.grant.caller();
    let (key, namespace) = (caller.key(), caller.namespace());
    let settings = &namespace.policy.settings;
    let (mode, scope) = match key.policy.content_policy_mode {
        Some(mode) => (mode, &key.scope.name),
        None => (settings.content_policy_mode, &namespace.scope.name),
    };
    let (policy, allowed) = (&worker.config.content_policy, &settings.allowed_categories);
    if !policy.enforces(mode, allowed) {
        return None;
    }
    let category = policy.violation(&texts(body), mode, allowed)?;
    Some(Violation {
        category: category.to_owned(),
        scope: scope.clone(),
    })
}

impl Exchange {
    /// Refuses a call for its content. It is debited as one request without tokens or cost, so that
    /// a loop of them is held to the rates; and the ledger hears of it.
    pub(crate) fn refuse_content<S: SharedStore>(
        &mut self,
        head: &Head,
        call: &Call,
        violation: &Violation,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let caller = call.grant.caller().clone();
        let ask = Ask {
            tokens: 0,
            money: Money::ZERO,
            short: WhenShort::Refuse,
            // Not worth asking for: it is refused anyway.
            unshared: WhenShort::Overdraw,
            unshared_upstream: WhenShort::Overdraw,
            tier: RateTier::Regular,
            is_turn: false,
        };
        // No budget pays for what costs nothing: an empty one is no reason to say less.
        let mut scopes = caller.scopes().map(|scope| Rc::new(scope.unpaid()));
        let name = &caller.namespace().policy.name;
        let hold = match self.hold_enforced(name, &mut scopes, &ask, None, true, cx) {
            Ok(hold) => hold,
            Err(NotAdmitted::Upstream(limit, denial)) => {
                let call_context = CallContext::making(head, call);
                return self.refuse_share(&limit, denial, call_context, cx);
            }
            Err(NotAdmitted::Scope(denied)) => {
                return self.refuse_denied(
                    denied,
                    Money::ZERO,
                    CallContext::making(head, call),
                    cx,
                );
            }
        };
        let rates = *hold.scopes().rates();
        let _ = hold.settle(&mut cx.worker.grants, cx.store, 0, Money::ZERO, cx.now);
        let refusal = Refusal::content_policy(&violation.scope, &violation.category);
        let id = &head.request_id;
        let mut step = self.refuse(&refusal, head.format, id, Some(&caller), cx.worker);
        if let Verdict::Reply(reply) = &mut step.verdict {
            reply
                .headers
                .extend(rate_headers(&rates, cx.worker.config.rate_headers));
        }
        let namespace = &caller.namespace().policy.name;
        cx.worker.counts.violated(namespace, &violation.category);
        let id = cx.worker.event_ids.next(cx.now.millis());
        let event = UsageEvent {
            status: refusal.status,
            outcome: Outcome::Refused,
            category: Some(Cow::Borrowed(&violation.category)),
            code: Some(Cow::Borrowed(refusal.code.name())),
            refused_by: refusal.scope.as_deref().map(Cow::Borrowed),
            refusals: 1,
            ..CallContext::making(head, call).event(id, cx.now)
        };
        emit(&mut step.effects, &event, &cx.worker.config);
        step
    }
}
