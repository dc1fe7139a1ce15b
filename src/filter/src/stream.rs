//! One HTTP stream: Envoy's callbacks as the core's inputs.

use crate::host::Host;
use crate::kept::attempts_made;
use crate::worker::{SharedExchange, SharedWorker, Worker, with_worker};
use paddock_core::exchange::{Exchange, Input, Verdict};
use paddock_core::request::Headers;
use std::cell::RefCell;
use std::rc::Rc;

/// What becomes of the part of a request that a callback is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Pause,
}

/// Bytes of an answer at most that wait for its end.
const MOST_HELD_ANSWER: usize = 256 * 1_024;

/// A stream of one worker.
pub(crate) struct Stream<H: Host> {
    host: H,
    id: u32,
    worker: SharedWorker<H>,
    exchange: SharedExchange,
    /// Bytes of the request's body at hand.
    held: usize,
    /// Bytes of it that have gone on.
    passed: usize,
    body_complete: bool,
    /// Bytes of the answer at hand, where its headers wait for its end.
    held_answer: usize,
}

impl<H: Host> Stream<H> {
    pub(crate) fn new(host: H, id: u32, worker: SharedWorker<H>) -> Self {
        Stream {
            host,
            id,
            worker,
            exchange: Rc::new(RefCell::new(Exchange::default())),
            held: 0,
            passed: 0,
            body_complete: false,
            held_answer: 0,
        }
    }

    fn feed(&self, input: Input<'_>) -> Flow {
        let verdict = with_worker(&self.worker, |worker| {
            worker.run(&self.exchange, self.id, input)
        });
        match verdict {
            Some(Verdict::Continue) => Flow::Continue,
            Some(Verdict::Reply(reply)) => {
                self.host.reply(&reply);
                Flow::Pause
            }
            Some(Verdict::Wait) | None => Flow::Pause,
        }
    }

    fn ask(&self, question: impl FnOnce(&Exchange) -> bool) -> bool {
        self.exchange
            .try_borrow()
            .is_ok_and(|exchange| question(&exchange))
    }

    /// What Envoy knows of the caller and the operator has this filter believe. Each costs a host
    /// call, so the usual configuration names none.
    fn attributes(&self) -> Vec<Option<Vec<u8>>> {
        let wanted = |worker: &mut Worker<H>| {
            let paths = worker.state.config.identity.attributes();
            paths.map(|path| self.host.attribute(path)).collect()
        };
        with_worker(&self.worker, wanted).unwrap_or_default()
    }

    pub(crate) fn request_headers(&mut self, end: bool) -> Flow {
        let map = self.host.request_headers();
        let headers: Vec<_> = map.pairs().collect();
        #[cfg(feature = "fault-injection")]
        crate::fault::trap_if_asked(&headers);
        self.body_complete = end;
        let attributes = self.attributes();
        let flow = self.feed(Input::RequestHeaders {
            headers: Headers(&headers),
            attributes: &attributes,
            end,
        });
        if !end {
            with_worker(&self.worker, |worker| {
                worker.watch_for_body(self.id, &self.exchange)
            });
        }
        flow
    }

    /// `size` bytes of the body are at hand: all that came, but for what has gone on already.
    pub(crate) fn request_body(&mut self, size: usize, end: bool) -> Flow {
        with_worker(&self.worker, |worker| worker.body_arrived());
        let passes = self.ask(Exchange::passes_request);
        if passes {
            // Let go since the last callback, from that of another stream.
            self.passed = self.passed.saturating_add(self.held);
            self.held = 0;
        }
        if end && !passes {
            self.held = size;
            return self.end_body();
        }
        self.body_complete = end;
        let flow = self.feed(Input::RequestBodyGrows {
            received: self.passed.saturating_add(size),
        });
        match flow {
            Flow::Continue => self.passed = self.passed.saturating_add(size),
            Flow::Pause => self.held = size,
        }
        flow
    }

    pub(crate) fn request_trailers(&mut self) -> Flow {
        match self.body_complete || self.ask(Exchange::passes_request) {
            true => Flow::Continue,
            // With trailers the end of the body is never announced: this is it.
            false => self.end_body(),
        }
    }

    fn end_body(&mut self) -> Flow {
        self.body_complete = true;
        let body = self.host.request_body(self.held);
        self.feed(Input::RequestBody { body: &body })
    }

    pub(crate) fn response_headers(&mut self, end: bool) -> Flow {
        if !self.ask(Exchange::has_hold) {
            return Flow::Continue;
        }
        if self.ask(Exchange::may_fail_over) {
            let made = attempts_made(&self.host);
            self.feed(Input::Attempts { made });
        }
        let headers = self.host.response_headers();
        let (mut status, mut content_type, mut content_encoding) = (0, &b""[..], &b""[..]);
        for (name, value) in headers.pairs() {
            match name {
                ":status" => {
                    let text = core::str::from_utf8(value).ok();
                    status = text.and_then(|text| text.parse().ok()).unwrap_or(0);
                }
                "content-type" if content_type.is_empty() => content_type = value,
                "content-encoding" if content_encoding.is_empty() => content_encoding = value,
                _ => {}
            }
        }
        // Envoy's own answers are always errors.
        let details = match status >= 400 {
            true => self.host.response_details(),
            false => Vec::new(),
        };
        self.feed(Input::ResponseHeaders {
            status,
            content_type,
            content_encoding,
            details: &details,
            end,
        })
    }

    /// The bytes are copied only if the exchange reads them: a download may have gigabytes.
    pub(crate) fn response_body(&mut self, size: usize, end: bool) -> Flow {
        if !end && size <= MOST_HELD_ANSWER && self.ask(Exchange::holds_answer) {
            self.held_answer = size;
            return Flow::Pause;
        }
        if self.ask(Exchange::reads_response_body) {
            let chunk = self.host.response_chunk(size);
            self.feed(Input::ResponseBody { chunk: &chunk, end });
        } else if end && self.ask(Exchange::has_hold) {
            self.feed(Input::ResponseBody { chunk: &[], end });
        }
        Flow::Continue
    }

    pub(crate) fn response_trailers(&mut self) {
        if self.ask(Exchange::holds_answer) {
            let chunk = self.host.response_chunk(self.held_answer);
            let end = true;
            self.feed(Input::ResponseBody { chunk: &chunk, end });
        }
        self.feed(Input::ResponseTrailers);
    }

    pub(crate) fn call_answered(&mut self, token: u32, body_size: usize) {
        with_worker(&self.worker, |worker| {
            worker.answered(token, body_size, self.id)
        });
    }

    pub(crate) fn closed(&mut self) {
        with_worker(&self.worker, |worker| {
            if !self.ask(Exchange::is_over) {
                worker.run(&self.exchange, self.id, Input::Closed);
            }
            worker.forget(self.id);
        });
    }
}
