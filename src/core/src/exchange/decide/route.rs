//! Requests for the model `auto`: the namespace's routing chooses.

use crate::authorization::ModelRights;
use crate::exchange::call::{BodyRead, Choice};
use crate::exchange::context::{StepContext, WorkerState};
use crate::exchange::effect::Step;
use crate::exchange::event::CallContext;
use crate::exchange::head::Head;
use crate::exchange::state::Exchange;
use crate::identity::Caller;
use crate::refusal::Refusal;
use crate::request::{read_body, read_features, without_hints};
use crate::routing::route;
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use std::rc::Rc;

impl Exchange {
    /// Has the caller's routing choose, and removes from the body what was said to Paddock alone.
    pub(crate) fn decide_routed<S: SharedStore>(
        &mut self,
        head: Head,
        caller: Caller,
        read: BodyRead<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let (model, reason) = match choose(&head, &caller, read, cx.worker, cx.now) {
            Ok(chosen) => chosen,
            Err(refusal) => {
                let call_context = CallContext::of(&head, &caller).naming(&read.request.model);
                return self.refuse_call(&refusal, call_context, cx);
            }
        };
        let choice = Choice {
            model: &model,
            reason: Some(reason),
        };
        let Some(body) = without_hints(read.body) else {
            return self.decide_on(choice, head, caller, read, cx);
        };
        match read_body(read.endpoint, &body) {
            Ok(request) => {
                let read = BodyRead {
                    endpoint: read.endpoint,
                    request: &request,
                    body: &body,
                    is_changed: true,
                };
                self.decide_on(choice, head, caller, read, cx)
            }
            Err(error) => {
                let refusal = Refusal::from(error);
                let call_context = CallContext::of(&head, &caller).naming(&read.request.model);
                self.refuse_call(&refusal, call_context, cx)
            }
        }
    }
}

/// The model that the caller's routing chooses, and what `x-paddock-reason` says.
fn choose(
    head: &Head,
    caller: &Caller,
    read: BodyRead<'_>,
    worker: &WorkerState,
    now: Timestamp,
) -> Result<(String, String), Refusal> {
    let catalog = worker.cache.catalog().map(Rc::clone).unwrap_or_default();
    let namespace = &caller.namespace().policy;
    let rights = ModelRights::of(caller);
    let Some(routing) = &namespace.routing else {
        let known = rights.allowed(&catalog);
        return Err(Refusal::routing_not_set(&namespace.name, known));
    };
    let features = read_features(read.endpoint, read.request, read.body, &head.hints);
    let routed = route(
        routing,
        &features,
        namespace.priority,
        &catalog,
        &rights,
        now,
    );
    let routed =
        routed.map_err(|unroutable| Refusal::not_routable(&namespace.name, &unroutable))?;
    Ok((routed.model.name.clone(), routed.to_string()))
}
