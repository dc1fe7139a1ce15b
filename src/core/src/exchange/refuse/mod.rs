//! Refusals of requests: the answer, and what the ledger is told.

mod limits;

use super::context::{StepContext, WorkerState};
use super::effect::{Effect, Step, Verdict};
use super::event::{CallContext, LOGGED_EVENT, RefusedCall, emit, name_caller};
use super::state::{Exchange, State};
use crate::config::LogField;
use crate::identity::Caller;
use crate::refusal::Refusal;
use crate::wire::unbooked_line;
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
        let key = &caller.key().policy;
        let refusal = &refusal.naming_key(&key.id, &key.name);
        let worker = &mut *cx.worker;
        let mut step = self.refuse(refusal, head.format, &head.request_id, Some(caller), worker);
        let refused = RefusedCall { call, refusal };
        if worker.config.accounting.is_some() {
            let noted = worker
                .refusals
                .note(&refused, &mut worker.event_ids, cx.now);
            if noted.tell {
                let id = worker.event_ids.next(cx.now.millis());
                emit(
                    &mut step.effects,
                    &refused.event(id, cx.now),
                    &worker.config,
                );
            } else {
                log_refusal(&mut step.effects, caller, refusal, worker);
            }
            let others = noted.others.map(|others| Effect::Emit(others.to_json()));
            step.effects.extend(others);
        } else {
            log_refusal(&mut step.effects, caller, refusal, worker);
        }
        step
    }

    /// Refuses a request whose caller may be unknown; the ledger is not told.
    pub(crate) fn refuse(
        &mut self,
        refusal: &Refusal,
        format: WireFormat,
        request_id: &str,
        caller: Option<&Caller>,
        worker: &mut WorkerState,
    ) -> Step {
        self.state = State::Refused;
        let reply = refusal.to_reply(format, request_id);
        let namespace = caller.map_or("", |caller| caller.namespace().policy.name.as_str());
        worker.counts.refused(namespace, refusal.code);
        let mut step = Step::new(Verdict::Reply(reply));
        let effects = &mut step.effects;
        if worker.config.logs(LogField::Refusal) {
            let code = refusal.code.name().to_owned();
            effects.push(Effect::Annotate("paddock_refusal", code));
        }
        match caller {
            Some(caller) => name_caller(effects, caller, &worker.config),
            None if worker.config.logs(LogField::Event) => {
                let line = unbooked_line("", "", refusal.code.name());
                effects.push(Effect::Annotate(LOGGED_EVENT, line));
            }
            None => {}
        }
        step
    }
}

/// Tells the access log of a refusal that has no event of its own.
fn log_refusal(
    effects: &mut Vec<Effect>,
    caller: &Caller,
    refusal: &Refusal,
    worker: &WorkerState,
) {
    if worker.config.logs(LogField::Event) {
        let (key, namespace) = (&caller.key().policy.id, &caller.namespace().policy.name);
        let line = unbooked_line(key, namespace, refusal.code.name());
        effects.push(Effect::Annotate(LOGGED_EVENT, line));
    }
}
