//! Takes an input to an exchange and does all that comes of it.

use super::{SharedExchange, Worker};
use crate::host::Host;
use crate::kept;
use paddock_core::exchange::{Effect, Exchange, Input, Level, Step, StepContext, Verdict};
use paddock_core::failover::Attempts;

impl<H: Host> Worker<H> {
    /// Takes an input to an exchange and performs all effects; the stream `id` must be the one that
    /// host calls act for. A verdict other than `Wait` is still to be carried out.
    pub(crate) fn run(&mut self, exchange: &SharedExchange, id: u32, input: Input<'_>) -> Verdict {
        let Ok(mut machine) = exchange.try_borrow_mut() else {
            log::error!("stream {id} was entered twice");
            return Verdict::Wait;
        };
        let mut step = self.decide(&mut machine, input);
        loop {
            let asked_in_vain = self.perform(exchange, id, step.effects);
            if !asked_in_vain {
                return step.verdict;
            }
            step = self.decide(&mut machine, Input::Answered { reached: false });
        }
    }

    fn decide(&mut self, exchange: &mut Exchange, input: Input<'_>) -> Step {
        // A chunk that passes needs no time of its own, and a stream has hundreds.
        let timeless = matches!(
            input,
            Input::ResponseHeaders { end: false, .. } | Input::ResponseBody { end: false, .. }
        );
        if !timeless {
            self.now = self.host.now();
        }
        let mut cx = StepContext {
            worker: &mut self.state,
            store: &mut self.host.store(),
            now: self.now,
        };
        let step = exchange.step(input, &mut cx);
        if self.state.counts.are_many() {
            self.count();
        }
        step
    }

    /// Keeps what the attempts of a stream are to look like. Each is known by the request's id: one that
    /// another request has, as clients can choose it, becomes another one.
    fn keep(&mut self, id: u32, request: String, attempts: Box<Attempts>) {
        let request = match kept::keep(&request, attempts) {
            Ok(()) => request,
            Err(attempts) => {
                let own = format!("{request}-{id}");
                self.host.set_request_header("x-request-id", Some(&own));
                if kept::keep(&own, attempts).is_err() {
                    log::error!("the attempts of stream {id} cannot be kept");
                    return;
                }
                own
            }
        };
        self.kept.insert(id, request);
    }

    /// Performs the effects in order. True if a question could not even be asked.
    fn perform(&mut self, exchange: &SharedExchange, id: u32, effects: Vec<Effect>) -> bool {
        let mut asked_in_vain = false;
        for effect in effects {
            let host = &self.host;
            match effect {
                Effect::SetRequestHeader(name, value) => {
                    host.set_request_header(name, Some(&value));
                }
                Effect::SetPath(path) => host.set_request_header(":path", Some(&path)),
                Effect::RemoveRequestHeader(name) => host.set_request_header(&name, None),
                Effect::ReplaceRequestBody(body) => host.replace_request_body(&body),
                Effect::KeepAttempts(request, attempts) => self.keep(id, request, attempts),
                Effect::SetResponseHeader(name, value) => {
                    host.set_response_header(name, Some(&value));
                }
                Effect::RemoveResponseHeader(name) => host.set_response_header(name, None),
                Effect::ReplaceResponseChunk(chunk) => host.replace_response_chunk(&chunk),
                Effect::Ask(question) => asked_in_vain = !self.ask(question, id, exchange),
                Effect::Queue(namespace, entry) => self.queue_up(id, &namespace, entry, exchange),
                Effect::Emit(event) => self.emit(&event),
                Effect::Annotate(name, value) => host.annotate(name, value.as_bytes()),
                Effect::Log(Level::Warn, text) => log::warn!("{text}"),
                Effect::Log(Level::Error, text) => log::error!("{text}"),
            }
        }
        asked_in_vain
    }
}
