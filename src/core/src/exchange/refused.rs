//! Calls of identified callers that are refused: who is told, and what the ledger hears.

use super::call::Call;
use super::effect::{Effect, Step};
use super::event::{emit, json};
use super::request::Head;
use super::{Exchange, StepContext, WorkerState};
use crate::identity::Caller;
use crate::ids::EventId;
use crate::refusal::{Refusal, clip};
use crate::timestamp::Timestamp;
use crate::wire::{Outcome, UsageEvent};
use std::borrow::Cow;

/// A call that an identified caller is refused, as far as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallContext<'a> {
    head: &'a Head,
    caller: &'a Caller,
    model: &'a str,
    call: Option<&'a Call>,
}

impl<'a> CallContext<'a> {
    /// Before its model is known.
    pub(super) fn of(head: &'a Head, caller: &'a Caller) -> CallContext<'a> {
        CallContext {
            head,
            caller,
            model: "",
            call: None,
        }
    }

    /// Who asks.
    pub(super) fn caller(self) -> &'a Caller {
        self.caller
    }

    /// That named this model.
    pub(super) fn naming(self, model: &'a str) -> CallContext<'a> {
        CallContext { model, ..self }
    }

    /// That might have been made, but for its limits.
    pub(super) fn making(head: &'a Head, call: &'a Call) -> CallContext<'a> {
        CallContext {
            head,
            caller: call.grant.caller(),
            model: &call.requested_model,
            call: Some(call),
        }
    }
}

/// Such a call, and why it is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct RefusedCall<'a> {
    call_context: CallContext<'a>,
    pub(super) caller: &'a Caller,
    pub(super) refusal: &'a Refusal,
}

impl<'a> RefusedCall<'a> {
    /// The model as the caller wrote it; empty where it did not come so far.
    pub(super) fn requested_model(&self) -> &'a str {
        self.call_context.model
    }

    /// The event of this one refusal. What clients name as they like is cut short.
    pub(super) fn event(&self, id: EventId, now: Timestamp) -> UsageEvent<'a> {
        let CallContext {
            head,
            caller,
            model,
            call,
        } = self.call_context;
        let cut = |text: &str| -> Cow<'a, str> { Cow::Owned(clip(text.as_bytes())) };
        let (key, namespace) = (&caller.key().policy, &caller.namespace().policy);
        UsageEvent {
            id,
            key_id: Cow::Borrowed(&key.id),
            namespace: Cow::Borrowed(&namespace.name),
            organization: Cow::Borrowed(&namespace.organization),
            user: call
                .and_then(|call| call.user.as_deref())
                .map(Cow::Borrowed),
            model: cut(call.map_or(model, Call::model_name)),
            requested_model: cut(model),
            endpoint: cut(&head.path),
            stream: call.is_some_and(|call| call.stream),
            status: self.refusal.status,
            outcome: Outcome::Refused,
            code: Some(Cow::Borrowed(self.refusal.code.name())),
            refused_by: self.refusal.scope.as_deref().map(Cow::Borrowed),
            refusals: 1,
            started_at: now,
            request_id: Cow::Borrowed(&head.request_id),
            client_address: Cow::Borrowed(&head.client_address),
            user_agent: cut(&head.user_agent),
            ..UsageEvent::nothing(id, now)
        }
    }
}

impl Exchange {
    /// Refuses an identified caller; and the ledger, where there is one, hears of it.
    pub(super) fn refuse_call<S>(
        &mut self,
        refusal: &Refusal,
        call_context: CallContext<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let CallContext { head, caller, .. } = call_context;
        let mut step = self.refuse(refusal, head.format, &head.request_id, Some(caller));
        let WorkerState {
            config,
            event_ids,
            refusals,
            ..
        } = &mut *cx.worker;
        if config.accounting.is_none() {
            return step;
        }
        let refused = RefusedCall {
            call_context,
            caller,
            refusal,
        };
        let noted = refusals.note(&refused, event_ids, cx.now);
        if noted.tell {
            let id = event_ids.next(cx.now.millis());
            emit(&mut step.effects, &refused.event(id, cx.now));
        }
        let others = noted.others.as_ref().and_then(|others| json(others).ok());
        step.effects.extend(others.map(Effect::Enqueue));
        step
    }
}

impl WorkerState {
    /// The events (JSON) of refusals that were counted, and that the ledger is to hear of by now.
    /// To be asked for at least once a second.
    pub fn refusals_due(&mut self, now: Timestamp) -> Vec<Vec<u8>> {
        let due = self.refusals.due(now);
        due.iter().filter_map(|event| json(event).ok()).collect()
    }

    /// Those of all refusals that were counted, whether they are due or not: for the end of a worker.
    pub fn refusals_left(&mut self) -> Vec<Vec<u8>> {
        let rest = self.refusals.rest();
        rest.iter().filter_map(|event| json(event).ok()).collect()
    }
}
