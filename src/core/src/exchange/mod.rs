//! The state machine of one HTTP exchange: inputs in, effects out, time an argument.
//!
//! A request runs through the folders in this order, and each imports only those after it and the
//! files beside this one:
//!
//! | folder | what it does |
//! |---|---|
//! | `request/` | reads headers and body, identifies the caller, resumes a request that waited |
//! | `decide/` | chooses the model and checks what the caller may use and say |
//! | `admit/` | places the hold, or has the request wait in a queue or for money |
//! | `answer/` | reads the response, settles the hold, reports the usage |
//! | `refuse/` | answers with a refusal, and reports it |
//! | `call/` | the data of one model call, from its preparation to its end |
//! | `cors.rs` | which web pages may ask and read |
//! | `soft.rs` | limits that are told and not enforced |
//! | `ownership.rs` | whether a request may use the stored objects that it names |
//! | `event/` | the one constructor of usage events, and the tally of refusals |
//!
//! Each stage takes the proof the last one made: a [`Claim`] is authenticated to a `Caller`, which
//! is authorized to a `Grant`, which is admitted with a hold. Only an exchange that has a hold
//! continues to the upstream.
//!
//! Nothing here knows Envoy, and nothing blocks: an answer of the service is an input.
//!
//! [`Claim`]: crate::identity::Claim

mod admit;
mod answer;
mod call;
mod context;
mod cors;
mod counts;
mod decide;
mod effect;
mod event;
mod head;
mod input;
mod named;
mod origin;
mod ownership;
mod rate_headers;
mod refuse;
mod request;
mod soft;
mod state;

pub use context::{StepContext, WorkerState};
pub use counts::Counts;
pub use effect::{Effect, Level, Question, Step, Verdict};
pub use event::RefusalTally;
pub use input::Input;
pub use state::Exchange;

use crate::store::SharedStore;

impl Exchange {
    /// Takes the next input.
    pub fn step<S: SharedStore>(&mut self, input: Input<'_>, cx: &mut StepContext<'_, S>) -> Step {
        let is_answer = matches!(input, Input::ResponseHeaders { .. });
        let mut step = self.take(input, cx);
        if let Some(origin) = &self.origin {
            cors::allow(origin, is_answer, &mut step);
        }
        self.let_body_go(cx);
        step
    }

    fn take<S: SharedStore>(&mut self, input: Input<'_>, cx: &mut StepContext<'_, S>) -> Step {
        match input {
            Input::RequestHeaders {
                headers,
                attributes,
                end,
            } if self.is_new() => self.on_request_headers(&headers, attributes, end, cx),
            Input::RequestHeaders { .. } => Step::new(self.request_verdict()),
            Input::RequestBodyGrows { received } => self.on_body_grows(received, cx),
            Input::BodyNeverCame => self.on_body_never_came(cx),
            Input::BodyTooSlow => self.on_body_too_slow(cx),
            Input::RequestBody { body } => self.on_request_body(body, cx),
            Input::Answered { reached } => self.on_answered(reached, cx),
            Input::Turn => self.on_turn(cx),
            Input::Attempts { made } => self.on_attempts(made),
            Input::ResponseHeaders {
                status,
                content_type,
                content_encoding,
                details,
                end,
            } => self.on_response_headers(status, content_type, content_encoding, details, end, cx),
            Input::ResponseBody { chunk, end } => self.on_response_body(chunk, end, cx),
            Input::ResponseTrailers => self.on_response_trailers(cx),
            Input::Closed => self.conclude(cx),
        }
    }
}

#[cfg(test)]
mod tests;
