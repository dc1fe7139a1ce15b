//! Counts the bodies that are held and read, so that no tenant fills the memory or takes the time that all
//! share.

use crate::admission::Scope;
use crate::bodies::{BodyLimits, BodyScope, HeldBody, NotHeld, Pace, Reading, SMALL};
use crate::exchange::context::StepContext;
use crate::exchange::effect::Step;
use crate::exchange::event::CallContext;
use crate::exchange::soft::Over;
use crate::exchange::state::{Arriving, Exchange, State};
use crate::identity::Caller;
use crate::policy::LimitKind;
use crate::refusal::Refusal;
use crate::store::SharedStore;
use std::rc::Rc;

/// The scopes that a caller's bodies are counted in, and what this worker has read for each. The
/// operator's ceiling of a namespace is what its organization may have, else that of the configuration.
fn scopes(caller: &Caller, limits: BodyLimits) -> [(BodyScope<'_>, &Reading); 3] {
    let (key, namespace, organization) = (caller.key(), caller.namespace(), caller.organization());
    let of_organization = organization.policy.limits.bytes_per_minute;
    let ceiling = of_organization.unwrap_or(limits.bytes_per_minute);
    let own = namespace.policy.limits.bytes_per_minute;
    let of = |scope, room, bytes_per_minute| BodyScope {
        scope,
        room,
        bytes_per_minute,
    };
    let of_key = key.policy.limits.bytes_per_minute;
    let of_namespace = own.map_or(ceiling, |own| own.min(ceiling));
    [
        (of(&key.scope, Some(limits.key), of_key), &key.reading),
        (
            of(&namespace.scope, Some(limits.namespace), Some(of_namespace)),
            &namespace.reading,
        ),
        (
            of(&organization.scope, None, of_organization),
            &organization.reading,
        ),
    ]
}

impl Exchange {
    /// Counts a body of so many bytes, in the place of what was counted of it before. Those more are
    /// debited as read.
    pub(in crate::exchange) fn hold_body<S: SharedStore>(
        &mut self,
        caller: &Caller,
        bytes: usize,
        cx: &mut StepContext<'_, S>,
    ) -> Result<(), Refusal> {
        let limits = cx.worker.config.held_bodies;
        let mut scopes = scopes(caller, limits);
        let namespace = &caller.namespace().policy.name;
        for (one, reading) in &mut scopes {
            if let (Some(limit), Some(wait)) = (one.bytes_per_minute, reading.wait(cx.now)) {
                if !self.tells_bytes(one.scope, namespace, cx) {
                    return Err(Refusal::bytes_rate_limited(&one.scope.name, limit, wait));
                }
                one.bytes_per_minute = None;
            }
        }
        let counted = self.body.as_ref().map_or(SMALL as u64, HeldBody::bytes);
        let debited = self.body.as_ref().map_or(0, HeldBody::bytes);
        let bytes = bytes as u64;
        if bytes <= counted {
            return Ok(());
        }
        let epochs = cx.worker.terms().epochs;
        if let Some(before) = self.body.take() {
            before.release(cx.store, epochs, cx.now);
        }
        let mut scopes = scopes.map(|(scope, _)| scope);
        loop {
            match HeldBody::hold(cx.store, scopes, bytes, debited, epochs, cx.now) {
                Ok(body) => {
                    self.body = Some(body);
                    return Ok(());
                }
                Err(NotHeld::Full { scope, limit }) => {
                    return Err(Refusal::bodies_full(&scope, limit));
                }
                Err(NotHeld::OverRate { scope, limit, wait }) => {
                    let mut over = scopes.iter_mut();
                    match over.find(|one| one.scope.name == scope) {
                        Some(one) if self.tells_bytes(one.scope, namespace, cx) => {
                            one.bytes_per_minute = None;
                        }
                        _ => return Err(Refusal::bytes_rate_limited(&scope, limit, wait)),
                    }
                }
                Err(NotHeld::Contended) => return Err(Refusal::overloaded()),
            }
        }
    }

    /// Whether a scope that is over its bytes is only told so.
    fn tells_bytes<S>(
        &mut self,
        scope: &Scope,
        namespace: &str,
        cx: &mut StepContext<'_, S>,
    ) -> bool {
        let config = &cx.worker.config;
        let Some(over) = Over::unenforced(scope, LimitKind::BytesPerMinute, config) else {
            return false;
        };
        if !self.over.contains(&over) {
            self.tell_over(over, namespace, cx);
        }
        true
    }

    /// Debits what reading a body cost, in bytes, beyond what was debited before it was read.
    pub(in crate::exchange) fn body_was_read<S: SharedStore>(
        &self,
        caller: &Caller,
        cost: u64,
        cx: &mut StepContext<'_, S>,
    ) {
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let debited = self.body.as_ref().map_or(0, HeldBody::bytes);
        let more = signed(cost).saturating_sub(signed(debited));
        let epochs = cx.worker.terms().epochs;
        for (one, reading) in scopes(caller, cx.worker.config.held_bodies) {
            let is_over = |over: &Over| {
                over.kind == LimitKind::BytesPerMinute && over.scope == one.scope.name
            };
            if let Some(rate) = one.bytes_per_minute
                && !self.over.iter().any(is_over)
            {
                reading.add(one.scope, more, rate, cx.store, epochs, cx.now);
            }
        }
    }

    /// Counts a request whose body is on its way.
    pub(super) fn await_body<S>(
        &mut self,
        caller: &Caller,
        cx: &mut StepContext<'_, S>,
    ) -> Result<(), Refusal> {
        let namespace = &caller.namespace().scope;
        let most = cx.worker.config.held_bodies.arriving;
        if !cx.worker.arriving.begin(namespace, most) {
            return Err(Refusal::too_many_arriving(&namespace.name, most));
        }
        self.arriving = Some(Arriving {
            namespace: Rc::clone(namespace),
            pace: Pace::begin(cx.now),
            received: 0,
        });
        Ok(())
    }

    /// Counts what has come of a body that did not say its length. The refusal, if that is too much.
    pub(super) fn hold_more<S: SharedStore>(
        &mut self,
        received: usize,
        cx: &mut StepContext<'_, S>,
    ) -> Option<Step> {
        let counted = self.body.as_ref().map_or(SMALL as u64, HeldBody::bytes);
        let limit = cx.worker.config.max_request_bytes;
        if received as u64 <= counted || received > limit {
            return None;
        }
        let caller = match &self.state {
            State::AwaitBody { caller, .. } => caller.clone(),
            State::AwaitPassing { passing } => passing.caller.clone(),
            _ => return None,
        };
        // Doubled, because each change is written for all workers.
        let bytes = received.checked_next_power_of_two().unwrap_or(limit);
        let refusal = self.hold_body(&caller, bytes.min(limit), cx).err()?;
        let head = match core::mem::take(&mut self.state) {
            State::AwaitBody { head, .. } => head,
            State::AwaitPassing { passing } => passing.head,
            other => {
                self.state = other;
                return None;
            }
        };
        Some(self.refuse_call(&refusal, CallContext::of(&head, &caller), cx))
    }

    /// Counts no more what has come whole, or is over.
    pub(in crate::exchange) fn let_body_go<S: SharedStore>(&mut self, cx: &mut StepContext<'_, S>) {
        let waits = matches!(
            self.state,
            State::AwaitBody { .. } | State::AwaitPassing { .. }
        );
        if !waits && let Some(body) = self.arriving.take() {
            cx.worker.arriving.end(&body.namespace);
        }
        if self.is_over()
            && let Some(body) = self.body.take()
        {
            body.release(cx.store, cx.worker.terms().epochs, cx.now);
        }
    }
}
