//! One attempt of a request, among the filters of a provider's cluster: it gets the path, the length and
//! the body that its deployment wants, and its failure is told to all workers at once.

use crate::host::{HeaderMap, Host};
use crate::kept::{Kept, attempts_made, kept};
use crate::stream::Flow;
use crate::worker::Counters;
use paddock_core::failover::{Attempts, is_failure, retry_after};
use paddock_core::refusal::Reply;
use std::cell::RefCell;
use std::rc::Rc;

/// Counts how often a deployment began to cool down, by its upstream.
const COOL_DOWNS: &str = "paddock_cool_downs_total";
/// Counts attempts that could not be made as they should, because what they are to look like is lost: the
/// VM crashed meanwhile, or the two filters do not share one.
const LOST: &str = "paddock_attempts_lost_total";

/// One attempt.
pub(crate) struct AttemptStream<H: Host> {
    host: H,
    counters: Rc<RefCell<Counters>>,
    /// What the attempts of its request are to look like; absent if only one can be made.
    kept: Option<Kept>,
    /// Its number, from 1 on.
    number: u64,
    awaits_body: bool,
    /// Bytes of the body at hand.
    held: usize,
}

impl<H: Host> AttemptStream<H> {
    pub(crate) fn new(host: H, counters: Rc<RefCell<Counters>>) -> Self {
        AttemptStream {
            host,
            counters,
            kept: None,
            number: 0,
            awaits_body: false,
            held: 0,
        }
    }

    fn count(&self, name: String) {
        if let Ok(mut counters) = self.counters.try_borrow_mut() {
            counters.add(&self.host, name, 1);
        }
    }

    fn cools_down(&self, upstream: Option<&str>) {
        if let Some(upstream) = upstream {
            self.count([COOL_DOWNS, ";scope=", upstream].concat());
        }
    }

    pub(crate) fn request_headers(&mut self, end: bool) -> Flow {
        let headers = self.host.request_headers();
        let id = headers.pairs().find(|(name, _)| *name == "x-request-id");
        let id = id.and_then(|(_, value)| core::str::from_utf8(value).ok());
        self.kept = id.and_then(kept);
        self.number = attempts_made(&self.host);
        let Some(kept) = self.kept.clone() else {
            // A first attempt of a request that has one deployment, and no other, goes as it comes.
            return match self.number > 1 {
                true => self.give_up(),
                false => Flow::Continue,
            };
        };
        let Ok(mut request) = kept.try_borrow_mut() else {
            return self.give_up();
        };
        if self.number == 1 {
            request.first_headers = Some(headers.clone());
        } else if let Some(first) = &request.first_headers {
            self.restore(&headers, first);
        } else {
            // What the attempts before this one have added is not known.
            return self.give_up();
        }
        let attempts = &mut request.attempts;
        if attempts.is_behind(self.number) {
            let (mut store, now) = (self.host.store(), self.host.now());
            self.cools_down(attempts.begins(self.number, &mut store, now));
        }
        if attempts.is_as_sent(self.number) {
            return Flow::Continue;
        }
        if attempts.rewrites_body(self.number) && !end {
            self.awaits_body = true;
            return Flow::Pause;
        }
        self.rewrite(attempts, None)
    }

    /// Takes away what attempts before this one have added or changed: a credential is for one provider
    /// alone.
    fn restore(&self, headers: &HeaderMap, first: &HeaderMap) {
        let is_own = |name: &str| name.starts_with(':') || name == "content-length";
        for (name, value) in headers.pairs().filter(|(name, _)| !is_own(name)) {
            let before = || first.pairs().filter(|(other, _)| *other == name);
            if !before().any(|(_, other)| other == value) {
                let before = before().next().map(|(_, value)| value);
                let before = before.and_then(|value| core::str::from_utf8(value).ok());
                self.host.set_request_header(name, before);
            }
        }
    }

    pub(crate) fn request_body(&mut self, size: usize, end: bool) -> Flow {
        if !self.awaits_body {
            return Flow::Continue;
        }
        self.held = size;
        match end {
            true => self.end_body(),
            false => Flow::Pause,
        }
    }

    pub(crate) fn request_trailers(&mut self) -> Flow {
        match self.awaits_body {
            true => self.end_body(),
            false => Flow::Continue,
        }
    }

    fn end_body(&mut self) -> Flow {
        self.awaits_body = false;
        let body = self.host.request_body(self.held);
        let kept = self.kept.clone();
        match kept.as_ref().and_then(|kept| kept.try_borrow().ok()) {
            Some(request) => self.rewrite(&request.attempts, Some(&body)),
            None => self.give_up(),
        }
    }

    fn rewrite(&self, attempts: &Attempts, body: Option<&[u8]>) -> Flow {
        let Some(rewritten) = attempts.rewrite(self.number, body) else {
            return self.give_up();
        };
        let host = &self.host;
        host.set_request_header(":path", Some(&rewritten.path));
        if let Some(length) = rewritten.length {
            host.set_request_header("content-length", Some(&length.to_string()));
        }
        if let Some(body) = rewritten.body {
            host.replace_request_body(&body);
        }
        Flow::Continue
    }

    /// Sends nothing: what came is not what this deployment is to see.
    fn give_up(&self) -> Flow {
        self.count(LOST.to_owned());
        self.host.reply(&Reply {
            status: 503,
            headers: vec![("content-type", "application/json".to_owned())],
            body: br#"{"error":{"code":"gateway_failed","message":"The first attempt failed, and the gateway could not make another one. Send the request again.","type":"server_error","param":null}}"#
                .to_vec(),
        });
        Flow::Pause
    }

    pub(crate) fn response_headers(&mut self) {
        let Some(kept) = &self.kept else {
            return;
        };
        let headers = self.host.response_headers();
        let (mut status, mut seconds, mut millis) = (0, None, None);
        for (name, value) in headers.pairs() {
            match name {
                ":status" => {
                    let text = core::str::from_utf8(value).ok();
                    status = text.and_then(|text| text.parse().ok()).unwrap_or(0);
                }
                "retry-after" => seconds = Some(value),
                "retry-after-ms" => millis = Some(value),
                _ => {}
            }
        }
        if !is_failure(status) {
            return;
        }
        if let Ok(mut request) = kept.try_borrow_mut() {
            let attempts = &mut request.attempts;
            let asked = retry_after(seconds, millis);
            let (mut store, now) = (self.host.store(), self.host.now());
            self.cools_down(attempts.failed(self.number, asked, &mut store, now));
        }
    }
}
