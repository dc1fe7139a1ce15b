//! The state machine of one HTTP exchange: inputs in, effects out, time an argument.
//!
//! Each stage takes the proof the last one made: a [`Claim`] is authenticated to a `Caller`, which
//! is authorized to a `Grant`, which is admitted with a `Hold`. Only an exchange that holds
//! a hold continues to the upstream.

mod admit;
mod answer;
mod call;
mod conclusion;
mod content;
mod effect;
mod end_user;
mod event;
mod identify;
mod pass_through;
mod prepare;
mod rate_headers;
mod refusal_tally;
mod refused;
mod request;
mod reserved;
mod response;
mod route;
mod target;
mod throttled;

pub use effect::{Effect, Level, Question, Step, Verdict};
pub use refusal_tally::RefusalTally;

use crate::admission::{Budgeting, Terms};
use crate::budget::Epochs;
use crate::cache::PolicyCache;
use crate::config::Config;
use crate::identity::{Caller, Claim};
use crate::ids::EventIds;
use crate::request::{Endpoint, Headers};
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use call::{InFlight, Pending};
use pass_through::Passing;
use request::Head;

/// What happens to an exchange, in the order Envoy tells it.
#[derive(Debug)]
pub enum Input<'a> {
    /// The request's headers are there. `end`: there is no body.
    RequestHeaders {
        /// All of them, pseudo-headers included.
        headers: Headers<'a>,
        /// Envoy's values of the attributes that [`crate::config::Identities::attributes`] names.
        attributes: &'a [Option<Vec<u8>>],
        /// Whether the request ends with them.
        end: bool,
    },
    /// More of the request's body has come; `received` bytes by now.
    RequestBodyGrows {
        /// Bytes received so far.
        received: usize,
    },
    /// The request's body is complete.
    RequestBody {
        /// All of it.
        body: &'a [u8],
    },
    /// The headers are held and no byte of the body has come for too long: Envoy was not told that
    /// they may be held.
    BodyNeverCame,
    /// What the exchange asked for has been answered and taken over into cache or store.
    Answered {
        /// Whether the service answered at all.
        reached: bool,
    },
    /// It waits in a queue, and it is its turn, or its time is up.
    Turn,
    /// The response's headers are there.
    ResponseHeaders {
        /// The HTTP status.
        status: u16,
        /// `content-type`.
        content_type: &'a [u8],
        /// `content-encoding`.
        content_encoding: &'a [u8],
        /// Whether Envoy made the response itself.
        local: bool,
        /// Whether the response ends with them.
        end: bool,
    },
    /// A chunk of the response's body.
    ResponseBody {
        /// The bytes that came now.
        chunk: &'a [u8],
        /// Whether they are the last.
        end: bool,
    },
    /// The response ends with trailers.
    ResponseTrailers,
    /// The exchange is over, however it ended.
    Closed,
}

/// What the exchanges of one worker share.
#[derive(Debug)]
pub struct WorkerState {
    /// The operator's configuration.
    pub config: Config,
    /// The policy in memory.
    pub cache: PolicyCache,
    /// The source of event ids.
    pub event_ids: EventIds,
    /// Refusals that the ledger is still to hear of.
    pub refusals: RefusalTally,
}

impl WorkerState {
    /// What holds for every request.
    pub fn terms(&self) -> Terms {
        Terms {
            epochs: Epochs(self.config.max_request_seconds),
            budgeting: match self.config.accounting {
                Some(_) => Budgeting::Leased,
                None => Budgeting::Books,
            },
        }
    }
}

/// All that a step may look at and change outside its exchange.
#[derive(Debug)]
pub struct StepContext<'a, S> {
    /// The worker.
    pub worker: &'a mut WorkerState,
    /// What the workers share.
    pub store: &'a mut S,
    /// Now.
    pub now: Timestamp,
}

/// How often a request asks the service who its caller is, or waits for money, before it gives up.
const MAX_ROUNDS: u8 = 64;

/// One HTTP exchange.
#[derive(Debug, Default)]
pub struct Exchange {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Start,
    /// Waits for the service to say who the caller is. The body may have come meanwhile.
    Identify {
        head: Head,
        claim: Claim,
        body: Option<Vec<u8>>,
        rounds: u8,
    },
    /// Waits for the body.
    AwaitBody {
        head: Head,
        endpoint: Endpoint,
        caller: Caller,
    },
    /// Waits for the service to lend, or to say what a hold is.
    Borrow { head: Head, pending: Box<Pending> },
    /// Waits its turn in its namespace's queue.
    Queued { head: Head, pending: Box<Pending> },
    /// At the upstream; holds a hold.
    Upstream {
        head: Head,
        in_flight: Box<InFlight>,
    },
    /// Passing through, ungoverned but for its rate; holds a hold of one request.
    Passing(Box<Passing>),
    /// Refused, answered by the gateway itself, or over before it was admitted: nothing of it goes
    /// to the upstream any more.
    Refused,
    /// Was at the upstream and is settled.
    Done,
}

impl Exchange {
    /// Takes the next input.
    pub fn step<S: SharedStore>(&mut self, input: Input<'_>, cx: &mut StepContext<'_, S>) -> Step {
        match input {
            Input::RequestHeaders {
                headers,
                attributes,
                end,
            } if matches!(self.state, State::Start) => {
                self.on_request_headers(&headers, attributes, end, cx)
            }
            Input::RequestHeaders { .. } => Step::new(self.request_verdict()),
            Input::RequestBodyGrows { received } => self.on_body_grows(received, cx),
            Input::BodyNeverCame => self.on_body_never_came(cx),
            Input::RequestBody { body } => self.on_request_body(body, cx),
            Input::Answered { reached } => self.on_answered(reached, cx),
            Input::Turn => self.on_turn(cx),
            Input::ResponseHeaders {
                status,
                content_type,
                content_encoding,
                local,
                end,
            } => self.on_response_headers(status, content_type, content_encoding, local, end, cx),
            Input::ResponseBody { chunk, end } => self.on_response_body(chunk, end, cx),
            Input::ResponseTrailers => self.on_response_trailers(cx),
            Input::Closed => self.conclude(cx),
        }
    }

    /// What becomes of more of the request, where it decides nothing: it goes on only after what
    /// was admitted.
    fn request_verdict(&self) -> Verdict {
        match self.state {
            State::Upstream { .. } | State::Passing(_) | State::Done => Verdict::Continue,
            _ => Verdict::Wait,
        }
    }

    /// Whether nothing more can come of it.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Refused | State::Done)
    }

    /// Whether a hold is held.
    pub fn has_hold(&self) -> bool {
        matches!(self.state, State::Upstream { .. } | State::Passing(_))
    }
}

#[cfg(test)]
mod tests;
