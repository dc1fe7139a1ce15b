//! Writing a body piece by piece: paced, split, stalled, broken off, with trailers.

use crate::behaviour::Behaviour;
use crate::record::Answering;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use std::io;
use std::time::Duration;

/// The trailer that `x-fake-trailers` asks for.
pub const TRAILER: HeaderName = HeaderName::from_static("x-fake-trailer");

/// How long a connection about to be broken gets to deliver what was written.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// The body of `parts`, as the request asked for it. One part that nothing was asked of goes out
/// with a `content-length`.
pub fn pour(mut parts: Vec<Bytes>, behaviour: &Behaviour, answering: Answering) -> Body {
    let as_one = behaviour.pace.is_none()
        && behaviour.split.is_none()
        && behaviour.reset_after.is_none()
        && behaviour.stall_after.is_none()
        && !behaviour.trailers;
    if as_one && parts.len() == 1 {
        answering.finish();
        return parts.pop().map(Body::from).unwrap_or_default();
    }
    if let Some(size) = behaviour.split {
        let whole = Bytes::from(parts.concat());
        parts = (0..whole.len())
            .step_by(size)
            .map(|at| whole.slice(at..at.saturating_add(size).min(whole.len())))
            .collect();
    }
    let pouring = Pouring {
        parts: parts.into_iter(),
        pace: behaviour.pace,
        flush: behaviour.split.is_some(),
        until_stall: behaviour.stall_after,
        until_reset: behaviour.reset_after,
        begun: false,
        trailers: behaviour.trailers,
        answering,
    };
    Body::new(StreamBody::new(Box::pin(stream::unfold(
        Some(pouring),
        |pouring| async { pouring?.next().await },
    ))))
}

struct Pouring {
    parts: std::vec::IntoIter<Bytes>,
    pace: Option<Duration>,
    flush: bool,
    until_stall: Option<u64>,
    until_reset: Option<u64>,
    begun: bool,
    trailers: bool,
    answering: Answering,
}

type Written = Result<Frame<Bytes>, io::Error>;

impl Pouring {
    /// The next frame, and what is left after it.
    async fn next(mut self) -> Option<(Written, Option<Self>)> {
        if let Some(pace) = self.pace.filter(|_| self.parts.len() > 0) {
            tokio::time::sleep(pace).await;
        }
        match &mut self.until_stall {
            Some(0) => std::future::pending().await,
            Some(left) => *left = left.saturating_sub(1),
            None => {}
        }
        match &mut self.until_reset {
            Some(0) => {
                // With nothing written not even the headers go out.
                if self.begun {
                    tokio::time::sleep(LAST_WORDS).await;
                }
                let reset = io::Error::new(io::ErrorKind::ConnectionReset, "asked to break off");
                return Some((Err(reset), None));
            }
            Some(left) => *left = left.saturating_sub(1),
            None => {}
        }
        self.begun = true;
        if let Some(part) = self.parts.next() {
            if self.flush {
                // What was written goes out when the body has nothing ready.
                tokio::task::yield_now().await;
            }
            return Some((Ok(Frame::data(part)), Some(self)));
        }
        self.answering.finish();
        let trailers = HeaderMap::from_iter([(TRAILER, HeaderValue::from_static("end"))]);
        self.trailers.then(|| (Ok(Frame::trailers(trailers)), None))
    }
}
