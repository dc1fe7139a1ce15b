//! The usage event of a call: what is the same of it however it ends, and its way out.

use super::call::Call;
use super::effect::{Effect, Level};
use super::request::Head;
use crate::ids::EventId;
use crate::money::Money;
use crate::timestamp::Timestamp;
use crate::usage::TokenUsage;
use crate::wire::{Outcome, UsageEvent};
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
            status: 0,
            outcome: Outcome::Complete,
            category: None,
            estimated: false,
            batch: false,
            started_at,
            duration_ms: 0,
            tokens: TokenUsage::default(),
            cost: Money::ZERO,
            leases: Vec::new(),
            request_id: Cow::Borrowed(&head.request_id),
            client_address: Cow::Borrowed(&head.client_address),
            user_agent: Cow::Borrowed(&head.user_agent),
        }
    }
}

/// Hands an event over.
pub(super) fn emit(effects: &mut Vec<Effect>, event: &UsageEvent<'_>) {
    let mut json = Vec::with_capacity(EVENT_BYTES);
    match serde_json::to_writer(&mut json, event) {
        Ok(()) => effects.push(Effect::Emit(json)),
        Err(error) => {
            let text = format!(
                "the usage of {} cannot be written: {error}",
                event.request_id
            );
            effects.push(Effect::Log(Level::Error, text));
        }
    }
}
