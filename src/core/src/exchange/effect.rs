//! What a step wants done, as data.

use crate::failover::Attempts;
use crate::queue::QueueEntry;
use crate::refusal::Reply;
use crate::wire::{Need, ResolveRequest};

/// The outcome of one input.
#[derive(Debug)]
pub struct Step {
    /// What becomes of the exchange.
    pub verdict: Verdict,
    /// What is to be done, in this order.
    pub effects: Vec<Effect>,
}

impl Step {
    pub(crate) fn new(verdict: Verdict) -> Self {
        Step {
            verdict,
            effects: Vec::new(),
        }
    }
}

/// What becomes of an exchange.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Continue,
    /// It is held until more has come.
    Wait,
    /// It is answered here and now.
    Reply(Reply),
}

/// A question to the accounting service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Who is this?
    Resolve(ResolveRequest),
    /// Lend me this much.
    Lend(Vec<Need>),
}

impl Question {
    /// Exchanges whose questions have the same topic wait for the same answer.
    pub fn topic(&self) -> String {
        match self {
            Question::Resolve(request) => {
                let key = request.key.map(|key| key.to_hex()).unwrap_or_default();
                let named = request.reservation.as_ref();
                let reservation = named.map_or(String::new(), |named| {
                    format!("{}/{}", named.namespace, named.id)
                });
                let namespace = request.namespace.as_deref().unwrap_or_default();
                let mut topic = format!("resolve {key} {namespace} {reservation}");
                if let Some(stored) = &request.stored {
                    topic = topic + " " + &stored.namespace;
                    for id in &stored.ids {
                        topic = topic + " " + &id.to_hex();
                    }
                }
                topic
            }
            Question::Lend(needs) => needs
                .iter()
                .fold("lend".to_owned(), |topic, need| topic + " " + &need.scope),
        }
    }
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something the operator should know.
    Warn,
    /// Something the operator must mend.
    Error,
}

/// One thing to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Sets a request header, replacing all of its name.
    SetRequestHeader(&'static str, String),
    /// Sets the request's path and query.
    SetPath(String),
    /// Removes a request header.
    RemoveRequestHeader(String),
    /// Replaces the whole request body.
    ReplaceRequestBody(Vec<u8>),
    /// Keeps what each attempt of this request is to look like, until the request is over. The text is
    /// the request's id, which each attempt has in `x-request-id`.
    KeepAttempts(String, Box<Attempts>),
    /// Sets a response header.
    SetResponseHeader(&'static str, String),
    /// Removes a response header.
    RemoveResponseHeader(&'static str),
    /// Replaces the chunk of the response body that came with this input.
    ReplaceResponseChunk(Vec<u8>),
    /// Asks the accounting service.
    Ask(Question),
    /// Has the exchange wait in the queue of that namespace. [`Input::Turn`] comes when it is its turn
    /// or its time is up. One that waits already stays where it is.
    ///
    /// [`Input::Turn`]: crate::exchange::Input::Turn
    Queue(String, QueueEntry),
    /// Hands over a usage event, or what stands among events (JSON).
    Emit(Vec<u8>),
    /// Makes a value available to Envoy's access log under a name.
    Annotate(&'static str, String),
    /// Writes a log line.
    Log(Level, String),
}
