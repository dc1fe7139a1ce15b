//! Continuing held streams from callbacks that are not theirs.
//!
//! The rule: **a stream that is continued from another stream's callback makes no call.** The host
//! gives a call to the context in whose callback it is made, whichever context is acted for, and
//! drops its answer together with that context. So a question that comes up meanwhile is left to the
//! next tick, whose root context stays. [`Worker::continue_others`] is the only way to continue
//! streams, and [`Worker::call`] the only way for a stream to make a call.

use super::{MAX_CONTINUED, SharedExchange, Worker};
use crate::host::Host;
use paddock_core::exchange::{Exchange, Input, Question, Verdict};
use std::collections::VecDeque;

/// Streams to continue, and whether that is being done.
#[derive(Default)]
pub(super) struct Continuing {
    /// Whether streams are continued from a callback that is not theirs at the moment.
    for_others: bool,
    /// Streams whose answer is there, and whether the service was reached.
    answered: VecDeque<(u32, bool)>,
}

impl Continuing {
    pub(super) fn is_behind(&self) -> bool {
        !self.answered.is_empty()
    }

    pub(super) fn push(&mut self, streams: Vec<u32>, reached: bool) {
        self.answered
            .extend(streams.into_iter().map(|id| (id, reached)));
    }
}

/// What became of a call that a stream wanted to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called {
    /// It is under way.
    Now,
    /// The next tick makes it.
    Later,
    /// It cannot be made.
    Impossible,
}

impl<H: Host> Worker<H> {
    /// Runs `work`, which continues streams. Host calls act for the context `current` afterwards.
    pub(super) fn continue_others(&mut self, current: u32, work: impl FnOnce(&mut Self)) {
        self.continuing.for_others = true;
        work(self);
        self.continuing.for_others = false;
        self.host.act_for(current);
    }

    /// Continues one stream. Whether it still waits; a stream that has gone does not.
    pub(super) fn continue_stream(
        &mut self,
        id: u32,
        exchange: &SharedExchange,
        input: Input<'_>,
    ) -> bool {
        if !self.host.act_for(id) {
            return false;
        }
        match self.run(exchange, id, input) {
            Verdict::Continue => self.host.resume_request(),
            Verdict::Reply(reply) => self.host.reply(&reply),
            Verdict::Wait => return true,
        }
        false
    }

    /// Makes a call for a stream, if one may be made now.
    pub(super) fn call(&mut self, topic: &str, question: &Question) -> Called {
        if self.continuing.for_others {
            return Called::Later;
        }
        match self.post_question(topic, question) {
            true => Called::Now,
            false => Called::Impossible,
        }
    }

    /// Continues streams whose answer is there, a bounded number at once.
    pub(super) fn continue_answered(&mut self, current: u32) {
        if self.continuing.is_behind() {
            self.continue_others(current, |worker| {
                for _ in 0..MAX_CONTINUED {
                    let Some((id, reached)) = worker.continuing.answered.pop_front() else {
                        break;
                    };
                    if let Some(exchange) = worker.questions.take_stream(id) {
                        worker.continue_stream(id, &exchange, Input::Answered { reached });
                    }
                }
            });
        }
        self.hurry_if_needed();
    }
}

/// Whether an exchange waits in a queue.
pub(super) fn is_queued(exchange: &SharedExchange) -> bool {
    exchange
        .try_borrow()
        .is_ok_and(|exchange| Exchange::is_queued(&exchange))
}
