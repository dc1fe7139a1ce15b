//! One HTTP stream: Envoy's callbacks as the core's inputs.

use crate::effects::{SharedExchange, advance, with_worker};
use crate::host;
use crate::worker::{SharedWorker, Worker};
use paddock_core::exchange::{Exchange, Input, Verdict};
use paddock_core::request::Headers;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::cell::RefCell;
use std::rc::Rc;

/// A stream of one worker.
pub(crate) struct Stream {
    id: u32,
    worker: SharedWorker,
    exchange: SharedExchange,
    received: usize,
    body_complete: bool,
}

impl Stream {
    pub(crate) fn new(id: u32, worker: SharedWorker) -> Self {
        let exchange = Rc::new(RefCell::new(Exchange::default()));
        Stream {
            id,
            worker,
            exchange,
            received: 0,
            body_complete: false,
        }
    }

    fn advance(&self, input: Input<'_>) -> Action {
        let verdict = with_worker(&self.worker, |worker| {
            advance(worker, &self.exchange, self.id, input)
        });
        match verdict {
            Some(Verdict::Continue) => Action::Continue,
            Some(Verdict::Reply(reply)) => {
                host::reply(&reply);
                Action::Pause
            }
            Some(Verdict::Wait) | None => Action::Pause,
        }
    }

    /// What Envoy knows of the caller and the operator has this filter believe. Each costs a host
    /// call, so the usual configuration names none.
    fn attributes(&self) -> Vec<Option<Vec<u8>>> {
        let wanted = |worker: &mut Worker| {
            let paths = worker.state.config.identity.attributes();
            paths.map(host::attribute).collect()
        };
        with_worker(&self.worker, wanted).unwrap_or_default()
    }

    fn end_body(&mut self) -> Action {
        self.body_complete = true;
        let body = host::request_body(self.received);
        self.advance(Input::RequestBody { body: &body })
    }
}

impl Context for Stream {
    fn on_http_call_response(&mut self, token: u32, _: usize, body_size: usize, _: usize) {
        with_worker(&self.worker, |worker| {
            worker.answered(token, body_size, self.id)
        });
    }
}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        let headers = host::request_headers();
        #[cfg(feature = "fault-injection")]
        crate::fault::trap_if_asked(&headers);
        self.body_complete = end_of_stream;
        let attributes = self.attributes();
        let action = self.advance(Input::RequestHeaders {
            headers: Headers(&headers),
            attributes: &attributes,
            end: end_of_stream,
        });
        if action == Action::Pause && !end_of_stream {
            with_worker(&self.worker, |worker| {
                worker.held_at_headers(self.id, &self.exchange)
            });
        }
        action
    }

    fn on_http_request_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        self.received = body_size;
        with_worker(&self.worker, |worker| worker.body_came());
        match end_of_stream {
            true => self.end_body(),
            false => self.advance(Input::RequestBodyGrows {
                received: body_size,
            }),
        }
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        match self.body_complete {
            true => Action::Continue,
            // With trailers the end of the body is never announced: this is it.
            false => self.end_body(),
        }
    }

    fn on_http_response_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        let holds = self
            .exchange
            .try_borrow()
            .is_ok_and(|machine| machine.has_hold());
        if !holds {
            return Action::Continue;
        }
        let status = host::response_header(":status");
        let status = core::str::from_utf8(&status)
            .ok()
            .and_then(|text| text.parse().ok());
        let status = status.unwrap_or(0);
        let content_type = host::response_header("content-type");
        let content_encoding = host::response_header("content-encoding");
        self.advance(Input::ResponseHeaders {
            status,
            content_type: &content_type,
            content_encoding: &content_encoding,
            // Envoy's own answers are always errors.
            local: status >= 400 && host::response_is_local(),
            end: end_of_stream,
        });
        Action::Continue
    }

    fn on_http_response_body(&mut self, body_size: usize, end_of_stream: bool) -> Action {
        let holds = self
            .exchange
            .try_borrow()
            .is_ok_and(|machine| machine.has_hold());
        if holds {
            let chunk = host::response_chunk(body_size);
            self.advance(Input::ResponseBody {
                chunk: &chunk,
                end: end_of_stream,
            });
        }
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, _: usize) -> Action {
        self.advance(Input::ResponseTrailers);
        Action::Continue
    }

    fn on_log(&mut self) {
        with_worker(&self.worker, |worker| {
            let over = self
                .exchange
                .try_borrow()
                .is_ok_and(|machine| machine.is_over());
            if !over {
                advance(worker, &self.exchange, self.id, Input::Closed);
            }
            worker.forget(self.id);
        });
    }
}
