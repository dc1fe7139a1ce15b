//! Calls that name stored objects: admitted where all of them are the caller's.

use crate::exchange::admit::keep_fallback;
use crate::exchange::call::{BodyRead, Pending};
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::head::Head;
use crate::exchange::ownership::{Judged, judge};
use crate::exchange::state::{Claiming, Exchange, State};
use crate::store::SharedStore;

impl Exchange {
    /// Admits a call if all it names is the caller's own. `asked`: how often the service has answered
    /// for it, or `None` if it cannot be reached.
    pub(crate) fn admit_owner<S: SharedStore>(
        &mut self,
        head: Head,
        mut pending: Pending,
        read: Option<BodyRead<'_>>,
        asked: Option<u8>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let caller = pending.call.grant.caller();
        match judge(&pending.call.stored, caller, asked, cx) {
            Judged::Allowed => self.admit(head, pending, read, cx),
            Judged::Refused(refusal) => {
                let call_context = CallContext::making(&head, &pending.call);
                self.refuse_call(&refusal, call_context, cx)
            }
            Judged::Unknown(question) => {
                keep_fallback(&head, &mut pending, read, cx);
                let pending = Box::new(pending);
                self.state = State::AwaitOwner {
                    claim: Claiming::Call {
                        head: Box::new(head),
                        pending,
                    },
                    asked: asked.unwrap_or_default(),
                };
                let mut step = Step::new(Verdict::Wait);
                step.effects.push(Effect::Ask(question));
                step
            }
        }
    }
}
