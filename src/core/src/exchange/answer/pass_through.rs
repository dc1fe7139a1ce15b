//! The answer to a request that passes through, and its end.

use crate::config::{LogField, RateHeaders};
use crate::exchange::call::PassThrough;
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Level};
use crate::exchange::event::{LOGGED_EVENT, name_caller};
use crate::exchange::head::Head;
use crate::exchange::ownership::claim_and_tell;
use crate::exchange::rate_headers::set_rate_headers;
use crate::identity::Caller;
use crate::money::Money;
use crate::request::{StoredPath, stored_by};
use crate::store::SharedStore;
use crate::stored::StoredId;
use crate::wire::unbooked_line;

/// Bytes of an answer at most in which is looked for what it stored: one that makes something is as
/// long as a description of it.
const MOST_ANSWER: usize = 64 * 1_024;

impl PassThrough {
    /// `is_readable`: its body is JSON, in plain.
    pub(crate) fn on_response_headers(
        &mut self,
        status: u16,
        is_readable: bool,
        tells_rates: RateHeaders,
        effects: &mut Vec<Effect>,
    ) {
        self.status = status;
        let is_object = matches!(self.passage.stored, StoredPath::Object(_));
        let may_tell = is_object || self.passage.makes();
        if (200..300).contains(&status) && is_readable && may_tell {
            self.answer = Some(Vec::new());
        }
        let request_id = self.head.request_id.clone();
        effects.push(Effect::SetResponseHeader("x-request-id", request_id));
        set_rate_headers(effects, self.hold.scopes().rates(), tells_rates);
    }

    /// Takes the next bytes of an answer that may say what was stored, and looks at it once it is whole.
    pub(crate) fn on_response_body<S: SharedStore>(
        &mut self,
        chunk: &[u8],
        end: bool,
        cx: &mut StepContext<'_, S>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        if answer.len().saturating_add(chunk.len()) > MOST_ANSWER {
            self.answer = None;
            if self.passage.makes() {
                let text = format!(
                    "the answer of {} is over {MOST_ANSWER} bytes: what it stored is not known, and \
                     its maker will be refused it",
                    self.head.request_id
                );
                effects.push(Effect::Log(Level::Warn, text));
            }
            return;
        }
        answer.extend_from_slice(chunk);
        if end {
            let stored = stored_by(answer, self.passage.makes());
            let ids = stored.iter().map(|id| StoredId::of(id)).collect();
            claim_and_tell(ids, &self.caller, cx, effects);
            self.answer = None;
        }
    }

    /// Settles its hold and reports it; what is left is whose request it was.
    pub(crate) fn conclude<S: SharedStore>(
        self,
        cx: &mut StepContext<'_, S>,
        effects: &mut Vec<Effect>,
    ) -> (Head, Caller) {
        let PassThrough {
            head,
            caller,
            hold,
            status,
            ..
        } = self;
        let _ = hold.settle(&mut cx.worker.grants, cx.store, 0, Money::ZERO, cx.now);
        let namespace = &caller.namespace().policy.name;
        cx.worker.counts.passed_through(namespace, status);
        name_caller(effects, &caller, &cx.worker.config);
        if cx.worker.config.logs(LogField::Event) {
            let line = unbooked_line(&caller.key().policy.id, namespace, "");
            effects.push(Effect::Annotate(LOGGED_EVENT, line));
        }
        (head, caller)
    }
}
