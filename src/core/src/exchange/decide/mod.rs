//! Which model serves a request, and whether its caller may use it and say what they say.

mod content;
mod owner;
mod route;

use super::call::{BodyRead, Choice, prepare};
use super::context::StepContext;
use super::effect::Step;
use super::event::CallContext;
use super::head::Head;
use super::state::Exchange;
use crate::identity::Caller;
use crate::policy::is_auto;
use crate::refusal::Refusal;
use crate::request::{
    BodyError, Endpoint, ModelRequest, NotDecoded, boundary_of, cost_of_unread, read_body,
};
use crate::store::SharedStore;
use content::violated;

/// Reads a body, which must be of the kind that its header says.
fn read_as_said<'a>(
    head: &Head,
    endpoint: &'a Endpoint,
    body: &'a [u8],
) -> Result<ModelRequest<'a>, BodyError> {
    if endpoint.takes_forms() && head.form.as_deref() != boundary_of(body) {
        let problem = "its boundary is not the one of the header `content-type`";
        return Err(BodyError::NotForm { problem });
    }
    read_body(endpoint, body)
}

impl Exchange {
    /// Chooses the model of a body that has come, prepares its call and admits it.
    pub(crate) fn decide<S: SharedStore>(
        &mut self,
        head: Head,
        endpoint: &Endpoint,
        caller: Caller,
        body: &[u8],
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let limit = cx.worker.config.max_request_bytes;
        let decoded = match head.encoding.decode(body, limit) {
            Ok(decoded) => decoded,
            Err(error) => {
                self.body_was_read(&caller, cost_of_unread(body), cx);
                let refusal = match error {
                    NotDecoded::TooLong => Refusal::too_large(limit as u64),
                    NotDecoded::Broken => Refusal::broken_encoding(&head.encoding),
                };
                return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
            }
        };
        if let Some(decoded) = &decoded
            && let Err(refusal) = self.hold_body(&caller, decoded.len(), cx)
        {
            return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
        }
        let body = decoded.as_deref().unwrap_or(body);
        let request = match read_as_said(&head, endpoint, body) {
            Ok(request) => request,
            Err(error) => {
                self.body_was_read(&caller, cost_of_unread(body), cx);
                let refusal = Refusal::from(error);
                return self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
            }
        };
        self.body_was_read(&caller, request.cost_of_reading(body.len()), cx);
        let read = BodyRead {
            endpoint,
            request: &request,
            body,
            is_changed: decoded.is_some(),
        };
        if is_auto(&request.model) {
            return self.decide_routed(head, caller, read, cx);
        }
        self.decide_on(Choice::of_the_caller(&request), head, caller, read, cx)
    }

    /// Prepares a call of the chosen model, and admits it.
    pub(crate) fn decide_on<S: SharedStore>(
        &mut self,
        choice: Choice<'_>,
        head: Head,
        caller: Caller,
        read: BodyRead<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let tenant = caller.clone();
        match prepare(caller, &head, read, choice, cx.basis()) {
            Ok(pending) => match violated(&pending.call, read.body, cx.worker) {
                None => self.admit_owner(head, pending, Some(read), Some(0), cx),
                Some(violation) => self.refuse_content(&head, &pending.call, &violation, cx),
            },
            Err(refusal) => {
                let call_context = CallContext::of(&head, &tenant).naming(&read.request.model);
                self.refuse_call(&refusal, call_context, cx)
            }
        }
    }
}
