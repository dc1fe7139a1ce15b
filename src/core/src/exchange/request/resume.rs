//! A request that waited for the accounting service, or for its turn, once that has come.

use crate::admission::WhenShort;
use crate::config::Check;
use crate::exchange::admit::awaited_reservation;
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::state::{Claiming, Exchange, MAX_ROUNDS, State};
use crate::identity::Caller;
use crate::policy::FailureMode;
use crate::refusal::Refusal;
use crate::store::SharedStore;

impl Exchange {
    /// It is this request's turn, or its time is up.
    pub(crate) fn on_turn<S: SharedStore>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        match core::mem::take(&mut self.state) {
            State::AwaitGrants { passing } => self.let_pass(*passing, cx),
            other => {
                self.state = other;
                self.take_turn(cx)
            }
        }
    }

    pub(crate) fn on_answered<S: SharedStore>(
        &mut self,
        reached: bool,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        match core::mem::take(&mut self.state) {
            State::Identify {
                head,
                claim,
                body,
                rounds,
            } => {
                // Where the service is away nobody's identity is certain: fail closed.
                let rounds = if reached { rounds } else { MAX_ROUNDS };
                self.identify(head, claim, body, rounds, cx)
            }
            State::AwaitOwner { claim, asked } => {
                let asked = reached.then_some(asked.saturating_add(1));
                match claim {
                    Claiming::Call { head, pending } => {
                        self.admit_owner(*head, *pending, None, asked, cx)
                    }
                    Claiming::PassThrough { passing, named } => {
                        self.pass_owner(*passing, named, asked, cx)
                    }
                }
            }
            // The service cannot be asked for the reservation: the slices in hand may do.
            State::Borrow { head, mut pending }
                if !reached && awaited_reservation(&head, &pending).is_some() =>
            {
                pending.may_be_reserved = false;
                self.admit(head, *pending, None, cx)
            }
            State::BorrowToPass {
                mut passing,
                asked_for,
            } => {
                let mut is_closed = false;
                if reached {
                    passing.unshared = WhenShort::Refuse;
                    passing.unshared_upstream = WhenShort::Refuse;
                } else {
                    for check in asked_for.checks() {
                        let mode = lacks(check, &passing.caller, cx);
                        is_closed |= mode == FailureMode::Closed;
                        match check {
                            Check::Shares => passing.unshared_upstream = WhenShort::Overdraw,
                            _ => passing.unshared = WhenShort::Overdraw,
                        }
                    }
                }
                if is_closed {
                    let scope = &passing.caller.namespace().scope.name;
                    let refusal = Refusal::accounting_unavailable(Some(scope));
                    let call_context = CallContext::of(&passing.head, &passing.caller);
                    return self.refuse_call(&refusal, call_context, cx);
                }
                self.let_pass(*passing, cx)
            }
            State::Borrow { head, mut pending } if reached => {
                let short = match pending.rounds < MAX_ROUNDS {
                    true => WhenShort::Borrow,
                    false => WhenShort::Refuse,
                };
                let ask = &mut pending.call.ask;
                (ask.short, ask.unshared, ask.unshared_upstream) = (short, short, short);
                self.admit(head, *pending, None, cx)
            }
            State::Borrow { head, mut pending } => {
                let caller = pending.call.grant.caller().clone();
                let asked_for = pending.asked_for;
                let mut is_closed = false;
                for check in asked_for.checks() {
                    let mode = lacks(check, &caller, cx);
                    is_closed |= mode == FailureMode::Closed;
                    let ask = &mut pending.call.ask;
                    match check {
                        Check::Rates => ask.unshared = WhenShort::Overdraw,
                        Check::Shares => ask.unshared_upstream = WhenShort::Overdraw,
                        _ => ask.short = WhenShort::Overdraw,
                    }
                }
                if is_closed {
                    let scope = &caller.namespace().scope.name;
                    let refusal = Refusal::accounting_unavailable(Some(scope));
                    pending.leave_queue(false, cx.store);
                    let call_context = CallContext::making(&head, &pending.call);
                    return self.refuse_call(&refusal, call_context, cx);
                }
                self.admit(head, *pending, None, cx)
            }
            other => {
                self.state = other;
                Step::new(Verdict::Wait)
            }
        }
    }
}

/// What becomes of a request of `caller` that the service could not be asked for. It is counted.
fn lacks<S>(check: Check, caller: &Caller, cx: &mut StepContext<'_, S>) -> FailureMode {
    let namespace = &caller.namespace().policy;
    let config = &cx.worker.config;
    let mode = config.failure_modes.of(check, namespace);
    let enforced = config.enforce_limits;
    cx.worker.counts.failed(&namespace.name, check, mode);
    match enforced {
        true => mode,
        false => FailureMode::Open,
    }
}
