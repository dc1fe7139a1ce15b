//! Counts the bodies that are held, so that no tenant fills the memory that all share.

use crate::exchange::context::StepContext;
use crate::exchange::effect::Step;
use crate::exchange::event::CallContext;
use crate::exchange::state::{Exchange, State};
use crate::held_bodies::{HeldBody, SMALL};
use crate::identity::Caller;
use crate::refusal::Refusal;
use crate::store::SharedStore;
use std::rc::Rc;

impl Exchange {
    /// Counts a body of so many bytes, in the place of what was counted of it before.
    pub(super) fn hold_body<S: SharedStore>(
        &mut self,
        caller: &Caller,
        bytes: usize,
        cx: &mut StepContext<'_, S>,
    ) -> Result<(), Refusal> {
        let counted = self.body.as_ref().map_or(SMALL as u64, HeldBody::bytes);
        let bytes = bytes as u64;
        if bytes <= counted {
            return Ok(());
        }
        let epochs = cx.worker.terms().epochs;
        if let Some(before) = self.body.take() {
            before.release(cx.store, epochs, cx.now);
        }
        let scopes = [&*caller.key().scope, &*caller.namespace().scope];
        let limits = cx.worker.config.held_bodies;
        match HeldBody::hold(cx.store, scopes, bytes, limits, epochs, cx.now) {
            Ok(body) => {
                self.body = Some(body);
                Ok(())
            }
            Err(full) => Err(Refusal::bodies_full(&full.scope, full.limit)),
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
        self.arriving = Some(Rc::clone(namespace));
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
        if !waits && let Some(namespace) = self.arriving.take() {
            cx.worker.arriving.end(&namespace);
        }
        if self.is_over()
            && let Some(body) = self.body.take()
        {
            body.release(cx.store, cx.worker.terms().epochs, cx.now);
        }
    }
}
