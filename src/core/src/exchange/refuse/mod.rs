//! Refusals of requests: the answer, and what the ledger is told.

mod limits;

use super::context::{StepContext, WorkerState};
use super::effect::{Effect, Step, Verdict};
use super::event::{CallContext, RefusedCall, emit, json};
use super::state::{Exchange, State};
use crate::identity::Caller;
use crate::refusal::Refusal;
use crate::wire_format::WireFormat;

impl Exchange {
    /// Refuses an identified caller, and reports that to the ledger if there is one.
    pub(crate) fn refuse_call<S>(
        &mut self,
        refusal: &Refusal,
        call: CallContext<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let (head, caller) = (call.head(), call.caller());
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
        let refused = RefusedCall { call, refusal };
        let noted = refusals.note(&refused, event_ids, cx.now);
        if noted.tell {
            let id = event_ids.next(cx.now.millis());
            emit(&mut step.effects, &refused.event(id, cx.now));
        }
        let others = noted.others.as_ref().and_then(|others| json(others).ok());
        step.effects.extend(others.map(Effect::Enqueue));
        step
    }

    /// Refuses a request whose caller may be unknown; the ledger is not told.
    pub(crate) fn refuse(
        &mut self,
        refusal: &Refusal,
        format: WireFormat,
        request_id: &str,
        caller: Option<&Caller>,
    ) -> Step {
        self.state = State::Refused;
        let reply = refusal.to_reply(format, request_id);
        let namespace = caller.map_or("", |caller| caller.namespace().policy.name.as_str());
        let code = refusal.code.name();
        let counted = format!("paddock_refusals_total;ns={namespace};reason={code}");
        let mut effects = vec![
            Effect::Count(counted, 1),
            Effect::Annotate("paddock_refusal", code.into()),
        ];
        if let Some(caller) = caller {
            effects.push(Effect::Annotate("paddock_namespace", namespace.to_owned()));
            effects.push(Effect::Annotate(
                "paddock_key",
                caller.key().policy.id.clone(),
            ));
        }
        Step {
            verdict: Verdict::Reply(reply),
            effects,
        }
    }
}
