//! Usage events: the one constructor of them all, and their way out.

mod refusal_tally;

pub use refusal_tally::RefusalTally;
pub(crate) use refusal_tally::RefusedCall;

use super::call::Call;
use super::effect::{Effect, Level};
use super::head::Head;
use crate::identity::Caller;
use crate::ids::EventId;
use crate::refusal::clip;
use crate::timestamp::Timestamp;
use crate::wire::{Made, UsageEvent};
use std::borrow::Cow;

/// Bytes of a usage event's JSON, roughly: room for it is made once.
const EVENT_BYTES: usize = 1_024;

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
            key_id: Cow::Borrowed(&key.id),
            namespace: Cow::Borrowed(&namespace.name),
            organization: Cow::Borrowed(&namespace.organization),
            user: user.map(Cow::Borrowed),
            user_shared: call.is_some_and(|call| call.user_shared),
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

/// Hands an event over.
pub(crate) fn emit(effects: &mut Vec<Effect>, event: &UsageEvent<'_>) {
    match json(event) {
        Ok(json) => effects.push(Effect::Emit(json)),
        Err(error) => {
            let text = format!(
                "the usage of {} cannot be written: {error}",
                event.request_id
            );
            effects.push(Effect::Log(Level::Error, text));
        }
    }
}

/// Hands over what a request stored that has no event.
pub(crate) fn emit_made(effects: &mut Vec<Effect>, made: &Made<'_>) {
    effects.extend(serde_json::to_vec(made).ok().map(Effect::Enqueue));
}

/// An event as it is sent.
pub(crate) fn json(event: &UsageEvent<'_>) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::with_capacity(EVENT_BYTES);
    serde_json::to_writer(&mut json, event)?;
    Ok(json)
}
