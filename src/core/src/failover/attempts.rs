//! What each attempt of one request is to look like.
//!
//! Envoy keeps a request's body as the filter let it go, and sends it with every attempt. Headers are not
//! kept: what one attempt changed, the next one finds. So each sets all that may differ.

use super::cool_down::{DeploymentName, cool_down};
use crate::request::{Endpoint, Rewrite, read_body};
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use core::time::Duration;

/// One deployment that may serve the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its upstream.
    pub upstream: String,
    /// What that calls the model.
    pub model: String,
    /// The path and query it is asked at.
    pub path: String,
}

/// All attempts that may be made of one request, in their order.
#[derive(Debug, PartialEq, Eq)]
pub struct Attempts {
    endpoint: Endpoint,
    attempts: Vec<Attempt>,
    /// The model that the body names, as it was let go.
    written_for: String,
    /// How long that body is, where the request says so.
    length: Option<usize>,
    /// Where the request asks, as it was let go.
    path: String,
    /// How many have failed for certain, from the first on.
    failed: usize,
}

/// A request as it was let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsSent {
    /// The model that its body names.
    pub model: String,
    /// Its path and query.
    pub path: String,
    /// How long its body is; absent if it does not say so.
    pub length: Option<usize>,
}

/// What an attempt is to change in its request.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The path and query.
    pub path: String,
    /// The length to say; absent if the request says none.
    pub length: Option<usize>,
    /// The whole body, where it differs from the one that came.
    pub body: Option<Vec<u8>>,
}

impl Attempts {
    /// Of a request, in the order that they are to be made in.
    pub fn new(endpoint: &Endpoint, attempts: Vec<Attempt>, sent: AsSent) -> Attempts {
        let endpoint = match endpoint {
            // A path that names the model is read with the name that the body has by now.
            Endpoint::Gemini { verb, .. } => Endpoint::Gemini {
                model: sent.model.clone(),
                verb: *verb,
            },
            other => other.clone(),
        };
        Attempts {
            endpoint,
            attempts,
            written_for: sent.model,
            length: sent.length,
            path: sent.path,
            failed: 0,
        }
    }

    /// Whether the attempt of that number goes as it comes.
    pub fn is_as_sent(&self, number: u64) -> bool {
        let same = |one: &Attempt| one.model == self.written_for && one.path == self.path;
        number == 1 && self.get(1).is_some_and(same)
    }

    fn get(&self, number: u64) -> Option<&Attempt> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.attempts.get(at)
    }

    /// Whether the attempt of that number, from 1 on, needs the body.
    pub fn rewrites_body(&self, number: u64) -> bool {
        let one = self.get(number);
        one.is_some_and(|one| one.model != self.written_for)
    }

    /// The request of the attempt of that number. `None` if there is no such attempt, or the body cannot
    /// be read: then nothing may be sent.
    pub fn rewrite(&self, number: u64, body: Option<&[u8]>) -> Option<Rewritten> {
        let attempt = self.get(number)?;
        let body = match (self.rewrites_body(number), body) {
            (false, _) => None,
            (true, None) => return None,
            (true, Some(body)) => {
                let request = read_body(&self.endpoint, body).ok()?;
                let to = Rewrite {
                    model: Some(&attempt.model),
                    ..Rewrite::default()
                };
                request.rewrite(body, &to)
            }
        };
        Some(Rewritten {
            path: attempt.path.clone(),
            length: self
                .length
                .map(|length| body.as_ref().map_or(length, Vec::len)),
            body,
        })
    }

    /// The attempt of that number begins, so the one before it has failed. Returns the upstream that begins to
    /// cool down, unless that failure was told already.
    pub fn begins<S: SharedStore>(
        &mut self,
        number: u64,
        store: &mut S,
        now: Timestamp,
    ) -> Option<&str> {
        self.fails(number.saturating_sub(1), None, store, now)
    }

    /// Whether the failure of the attempt before the one of that number is still to be told.
    pub fn is_behind(&self, number: u64) -> bool {
        let before = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        before > self.failed
    }

    /// The attempt of that number is answered with a failure. `asked`: how long it asks to be left alone. Returns
    /// the upstream that begins to cool down, if one does.
    pub fn failed<S: SharedStore>(
        &mut self,
        number: u64,
        asked: Option<Duration>,
        store: &mut S,
        now: Timestamp,
    ) -> Option<&str> {
        self.fails(number, asked, store, now)
    }

    fn fails<S: SharedStore>(
        &mut self,
        number: u64,
        asked: Option<Duration>,
        store: &mut S,
        now: Timestamp,
    ) -> Option<&str> {
        let failed = usize::try_from(number).unwrap_or(usize::MAX);
        if failed <= self.failed {
            return None;
        }
        self.failed = failed;
        let one = self.get(number)?;
        let name = DeploymentName {
            upstream: &one.upstream,
            model: &one.model,
        };
        cool_down(store, name, asked, now).then_some(one.upstream.as_str())
    }
}
