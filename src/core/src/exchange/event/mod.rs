//! Usage events: the one constructor of them all, and their way out.

mod refusal_tally;

pub use refusal_tally::RefusalTally;
pub(crate) use refusal_tally::RefusedCall;

use super::call::Call;
use super::effect::Effect;
use super::head::Head;
use crate::config::{Config, LogField};
use crate::identity::Caller;
use crate::ids::EventId;
use crate::refusal::clip;
use crate::timestamp::Timestamp;
use crate::wire::UsageEvent;
use std::borrow::Cow;

/// The usage event's name in the access log.
pub(crate) const LOGGED_EVENT: &str = "paddock_event";

/// A request of an identified caller, as far as it came: what its usage event, or the event of its
/// refusal, is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallContext<'a> {
    head: &'a Head,
    caller: &'a Caller,
    /// The model as the caller wrote it; empty if the request did not come so far.
    requested_model: &'a str,
    call: Option<&'a Call>,
}

impl<'a> CallContext<'a> {
    /// Before the model is known.
    pub(crate) fn of(head: &'a Head, caller: &'a Caller) -> CallContext<'a> {
        CallContext {
            head,
            caller,
            requested_model: "",
            call: None,
        }
    }

    /// The same, of a request that names this model.
    pub(crate) fn naming(self, requested_model: &'a str) -> CallContext<'a> {
        CallContext {
            requested_model,
            ..self
        }
    }

    /// Of a call that is prepared, whether it is admitted or not.
    pub(crate) fn making(head: &'a Head, call: &'a Call) -> CallContext<'a> {
        CallContext {
            head,
            caller: call.grant.caller(),
            requested_model: &call.requested_model,
            call: Some(call),
        }
    }

    pub(crate) fn head(self) -> &'a Head {
        self.head
    }

    pub(crate) fn caller(self) -> &'a Caller {
        self.caller
    }

    /// The event of this call as it began: it has used nothing and costs nothing. Texts that the
    /// client chose are bounded in length, or one call could fill the ledger.
    #[inline]
    pub(crate) fn event(self, id: EventId, started_at: Timestamp) -> UsageEvent<'a> {
        let CallContext {
            head,
            caller,
            requested_model,
            call,
        } = self;
        let (key, namespace) = (&caller.key().policy, &caller.namespace().policy);
        let user = call.and_then(|call| call.user.as_deref());
        UsageEvent {
            id,
            installation: caller.namespace().installation,
            key_id: Cow::Borrowed(&key.id),
            namespace: Cow::Borrowed(&namespace.name),
            organization: Cow::Borrowed(&namespace.organization),
            user: user.map(Cow::Borrowed),
            user_shared: call.is_some_and(|call| call.user_shared),
            budgets: call.map_or_else(Vec::new, |call| call.budgets.clone()),
            model: clip(call.map_or(requested_model, Call::model_name)),
            requested_model: clip(requested_model),
            endpoint: clip(&head.path),
            stream: call.is_some_and(|call| call.stream),
            request_id: Cow::Borrowed(&head.request_id),
            client_address: clip(&head.client_address),
            user_agent: clip(&head.user_agent),
            ..UsageEvent::nothing(id, started_at)
        }
    }
}

/// Hands an event over: to the ledger, if there is one, and to the access log.
pub(crate) fn emit(effects: &mut Vec<Effect>, event: &UsageEvent<'_>, config: &Config) {
    if config.accounting.is_some() {
        effects.push(Effect::Emit(event.to_json()));
    }
    if config.logs(LogField::Event) {
        effects.push(Effect::Annotate(LOGGED_EVENT, event.to_line()));
    }
}

/// Tells the access log whose request it was.
pub(crate) fn name_caller(effects: &mut Vec<Effect>, caller: &Caller, config: &Config) {
    if config.logs(LogField::Namespace) {
        let namespace = caller.namespace().policy.name.clone();
        effects.push(Effect::Annotate("paddock_namespace", namespace));
    }
    if config.logs(LogField::Key) {
        let key = caller.key().policy.id.clone();
        effects.push(Effect::Annotate("paddock_key", key));
    }
}
