//! Effects, done.

use crate::host;
use crate::worker::{SharedWorker, Worker};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use core::cell::RefCell;
use paddock_core::exchange::{Effect, Exchange, Input, Level, Step, StepContext, Verdict};
use std::rc::Rc;

/// The usage event's name in the access log, where it is in base64 (RFC 4648, without padding).
const EVENT: &str = "paddock_event";

/// The exchange of one stream, shared with the worker while it waits.
pub(crate) type SharedExchange = Rc<RefCell<Exchange>>;

/// Takes an input to an exchange and does all that comes of it; the stream `id` must be the one
/// host calls act for. A verdict other than `Wait` is still to be carried out.
pub(crate) fn advance(
    worker: &mut Worker,
    exchange: &SharedExchange,
    id: u32,
    input: Input<'_>,
) -> Verdict {
    let Ok(mut machine) = exchange.try_borrow_mut() else {
        log::error!("stream {id} was entered twice");
        return Verdict::Wait;
    };
    let mut step = step(worker, &mut machine, input);
    loop {
        let asked_in_vain = perform(worker, exchange, id, step.effects);
        if !asked_in_vain {
            return step.verdict;
        }
        step = self::step(worker, &mut machine, Input::Answered { reached: false });
    }
}

fn step(worker: &mut Worker, machine: &mut Exchange, input: Input<'_>) -> Step {
    // A chunk that passes needs no time of its own, and a stream has hundreds.
    let timeless = matches!(
        input,
        Input::ResponseHeaders { end: false, .. } | Input::ResponseBody { end: false, .. }
    );
    if !timeless {
        worker.now = host::now();
    }
    let mut context = StepContext {
        worker: &mut worker.state,
        store: &mut host::SharedData,
        now: worker.now,
    };
    machine.step(input, &mut context)
}

/// Does the effects in order. True where a question could not even be asked.
fn perform(worker: &mut Worker, exchange: &SharedExchange, id: u32, effects: Vec<Effect>) -> bool {
    let mut asked_in_vain = false;
    for effect in effects {
        match effect {
            Effect::SetRequestHeader(name, value) => host::set_request_header(name, Some(&value)),
            Effect::SetPath(path) => host::set_request_header(":path", Some(&path)),
            Effect::RemoveRequestHeader(name) => host::set_request_header(&name, None),
            Effect::ReplaceRequestBody(body) => host::replace_request_body(&body),
            Effect::SetResponseHeader(name, value) => host::set_response_header(name, Some(&value)),
            Effect::RemoveResponseHeader(name) => host::set_response_header(name, None),
            Effect::ReplaceResponseChunk(chunk) => host::replace_response_chunk(&chunk),
            Effect::Ask(question) => asked_in_vain = !worker.ask(question, id, exchange),
            Effect::Queue(namespace, entry) => worker.queue_up(id, &namespace, entry, exchange),
            Effect::Emit(event) => {
                // JSON within JSON has every quote escaped, which costs Envoy far more than this.
                host::annotate(EVENT, STANDARD_NO_PAD.encode(&event).as_bytes());
                worker.emit(&event);
            }
            Effect::Enqueue(event) => worker.emit(&event),
            Effect::Annotate(name, value) => host::annotate(name, value.as_bytes()),
            Effect::Count(name, amount) => worker.counters.add(name, amount),
            Effect::Log(Level::Warn, text) => log::warn!("{text}"),
            Effect::Log(Level::Error, text) => log::error!("{text}"),
        }
    }
    asked_in_vain
}

/// Carries a verdict out for a stream that is held, from another callback than its own.
pub(crate) fn release(verdict: &Verdict) {
    match verdict {
        Verdict::Continue => host::resume_request(),
        Verdict::Reply(reply) => host::reply(reply),
        Verdict::Wait => {}
    }
}

/// Runs `with` on the worker; `None` (and an error in the log) where it is in use already, which
/// the host's one-callback-at-a-time rule excludes.
pub(crate) fn with_worker<T>(
    worker: &SharedWorker,
    with: impl FnOnce(&mut Worker) -> T,
) -> Option<T> {
    match worker.try_borrow_mut() {
        Ok(mut worker) => Some(with(&mut worker)),
        Err(_) => {
            log::error!("the worker was entered twice");
            None
        }
    }
}
