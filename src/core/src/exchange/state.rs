//! How far an exchange has come.

use super::call::{AskedFor, CostTold, InFlight, PassThrough, Passing, Pending};
use super::effect::Verdict;
use super::head::Head;
use super::named::NamedObject;
use super::soft::Over;
use crate::admission::Scope;
use crate::bodies::{HeldBody, Pace};
use crate::identity::{Caller, Claim};
use crate::request::Endpoint;
use crate::timestamp::Timestamp;
use std::rc::Rc;

/// How often a request asks the service who its caller is, or waits for money, before it gives up.
pub(crate) const MAX_ROUNDS: u8 = 64;

/// What wants to use stored objects.
#[derive(Debug)]
pub(crate) enum Claiming {
    Call {
        head: Box<Head>,
        pending: Box<Pending>,
    },
    PassThrough {
        passing: Box<Passing>,
        named: Vec<NamedObject>,
    },
}

/// A body that is on its way.
#[derive(Debug)]
pub(crate) struct Arriving {
    /// Among whose requests it counts.
    pub namespace: Rc<Scope>,
    pub pace: Pace,
    /// Bytes that have come.
    pub received: usize,
}

/// One HTTP exchange.
#[derive(Debug, Default)]
pub struct Exchange {
    pub(super) state: State,
    /// Its body, where that is large enough to be counted.
    pub(super) body: Option<HeldBody>,
    /// While its body is on its way.
    pub(super) arriving: Option<Arriving>,
    /// The origin of the page that asks, where the operator lists it.
    pub(super) origin: Option<String>,
    /// The limits that it is over and that are not enforced.
    pub(super) over: Vec<Over>,
}

#[derive(Debug, Default)]
pub(crate) enum State {
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
    /// A request that passes through waits for its body, because that may name what is stored.
    AwaitPassing { passing: Box<Passing> },
    /// Waits for the service to say whose the stored objects are that the request names. The body of
    /// one that passes through may come meanwhile.
    AwaitOwner { claim: Claiming, asked: u8 },
    /// Waits for the service to lend, or to say what a reservation is.
    Borrow { head: Head, pending: Box<Pending> },
    /// A request that passes through waits until other workers have given back what they do not use.
    AwaitGrants { passing: Box<Passing> },
    /// It waits for a share of a rate.
    BorrowToPass {
        passing: Box<Passing>,
        asked_for: AskedFor,
    },
    /// Waits its turn in its namespace's queue.
    Queued { head: Head, pending: Box<Pending> },
    /// At the upstream; has a hold.
    Upstream {
        head: Head,
        in_flight: Box<InFlight>,
    },
    /// Passes through, limited by its rate alone; has a hold of one request.
    PassThrough(Box<PassThrough>),
    /// Refused, answered by Paddock itself, or over before it was admitted: nothing of it goes to
    /// the upstream any more.
    Refused,
    /// Was at the upstream and is settled.
    Done,
}

impl Exchange {
    pub(super) fn is_new(&self) -> bool {
        matches!(self.state, State::Start)
    }

    /// What becomes of more of the request, if it decides nothing: it continues only after what was
    /// admitted.
    pub(super) fn request_verdict(&self) -> Verdict {
        match self.state {
            State::Upstream { .. } | State::PassThrough(_) | State::Done => Verdict::Continue,
            _ => Verdict::Wait,
        }
    }

    /// Whether nothing more can come of it.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Refused | State::Done)
    }

    /// Whether it has a hold that is still to be settled.
    pub fn has_hold(&self) -> bool {
        matches!(self.state, State::Upstream { .. } | State::PassThrough(_))
    }

    /// Whether its body is still to come and to be read.
    pub fn awaits_body(&self) -> bool {
        match &self.state {
            State::AwaitBody { .. } | State::AwaitPassing { .. } => true,
            State::Identify { body, .. } => body.is_none(),
            _ => false,
        }
    }

    /// Whether its body comes slower than `least` bytes a second. To be asked every second or so.
    pub fn is_too_slow(&mut self, least: u64, now: Timestamp) -> bool {
        let arriving = self.arriving.as_mut();
        arriving.is_some_and(|body| body.pace.is_too_slow(body.received as u64, least, now))
    }

    /// Whether its request goes to the upstream as it comes, unread.
    pub fn passes_request(&self) -> bool {
        matches!(self.state, State::PassThrough(_))
    }

    /// Whether it needs the bytes of the response's body.
    pub fn reads_response_body(&self) -> bool {
        match &self.state {
            State::Upstream { in_flight, .. } => in_flight.meter.is_some(),
            State::PassThrough(passing) => passing.answer.is_some(),
            _ => false,
        }
    }

    /// Whether Envoy may make several attempts of it, so that it matters how many it made.
    pub fn may_fail_over(&self) -> bool {
        match &self.state {
            State::Upstream { in_flight, .. } => in_flight.call.may_fail_over(),
            _ => false,
        }
    }

    /// Whether the headers of its answer wait for the end of the body.
    pub fn holds_answer(&self) -> bool {
        match &self.state {
            State::Upstream { in_flight, .. } => in_flight.tells_cost == Some(CostTold::InHeader),
            _ => false,
        }
    }

    /// Whether it waits in a queue.
    pub fn is_queued(&self) -> bool {
        matches!(self.state, State::Queued { .. } | State::AwaitGrants { .. })
    }
}
