//! The answer to a request that passes through, and its end.

use crate::exchange::call::PassThrough;
use crate::exchange::context::StepContext;
use crate::exchange::effect::Effect;
use crate::exchange::head::Head;
use crate::exchange::rate_headers::set_rate_headers;
use crate::identity::Caller;
use crate::money::Money;
use crate::store::SharedStore;

impl PassThrough {
    pub(crate) fn on_response_headers(&mut self, status: u16, effects: &mut Vec<Effect>) {
        self.status = status;
        let request_id = self.head.request_id.clone();
        effects.push(Effect::SetResponseHeader("x-request-id", request_id));
        set_rate_headers(effects, self.hold.scopes().rates());
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
        } = self;
        let _ = hold.settle(cx.store, 0, Money::ZERO, cx.now);
        let namespace = caller.namespace().policy.name.clone();
        let counted = format!("paddock_passed_through_total;ns={namespace};code={status}");
        let key = caller.key().policy.id.clone();
        effects.extend([
            Effect::Count(counted, 1),
            Effect::Annotate("paddock_namespace", namespace),
            Effect::Annotate("paddock_key", key),
        ]);
        (head, caller)
    }
}
