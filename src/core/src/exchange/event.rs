//! The usage event of a call: what is the same of it however it ends, and its way out.

use super::call::Call;
use super::effect::{Effect, Level};
use super::request::Head;
use crate::ids::EventId;
use crate::timestamp::Timestamp;
use crate::wire::UsageEvent;
use std::borrow::Cow;

/// Bytes of a usage event's JSON, roughly: room for it is made once.
const EVENT_BYTES: usize = 1_024;

impl Call {
    /// The event of this call as it began: it has used nothing and costs nothing.
    pub(super) fn event<'a>(
        &'a self,
        head: &'a Head,
        id: EventId,
        started_at: Timestamp,
    ) -> UsageEvent<'a> {
        let caller = self.grant.caller();
        let (key, namespace) = (&caller.key().policy, &caller.namespace().policy);
        UsageEvent {
            id,
            key_id: Cow::Borrowed(&key.id),
            namespace: Cow::Borrowed(&namespace.name),
            organization: Cow::Borrowed(&namespace.organization),
            user: self.user.as_deref().map(Cow::Borrowed),
            user_shared: self.user_shared,
            model: Cow::Borrowed(self.model_name()),
            requested_model: Cow::Borrowed(&self.requested_model),
            endpoint: Cow::Borrowed(&head.path),
            stream: self.stream,
            request_id: Cow::Borrowed(&head.request_id),
            client_address: Cow::Borrowed(&head.client_address),
            user_agent: Cow::Borrowed(&head.user_agent),
            ..UsageEvent::nothing(id, started_at)
        }
    }
}

/// Hands an event over.
pub(super) fn emit(effects: &mut Vec<Effect>, event: &UsageEvent<'_>) {
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

/// An event as it is sent.
pub(super) fn json(event: &UsageEvent<'_>) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::with_capacity(EVENT_BYTES);
    serde_json::to_writer(&mut json, event)?;
    Ok(json)
}
