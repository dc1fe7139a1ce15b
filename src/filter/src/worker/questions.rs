//! What streams ask the accounting service, and what becomes of its answers.

use super::continuing::Called;
use super::{SharedExchange, Worker};
use crate::host::Host;
use hashbrown::HashMap;
use paddock_core::exchange::Question;
use paddock_core::wire::{
    LEND_PATH, LendAnswer, LendRequest, Protocols, RESOLVE_PATH, ResolveAnswer,
};
use paddock_core::worker::{Join, Waiting, apply_lend, share_term};
use std::rc::Rc;

/// Questions that streams wait for, by topic, and the calls under way.
#[derive(Default)]
pub(super) struct Questions {
    waiting: Waiting<String>,
    asked: HashMap<String, Question>,
    streams: HashMap<u32, SharedExchange>,
    calls: HashMap<u32, Call>,
}

/// What a call under way was made for.
pub(super) enum Call {
    Question(String),
    Sync,
}

impl Questions {
    /// The answer to a call will come with this token.
    pub(super) fn expect(&mut self, token: u32, call: Call) {
        self.calls.insert(token, call);
    }

    /// A stream that waits for an answer, to be continued.
    pub(super) fn take_stream(&mut self, id: u32) -> Option<SharedExchange> {
        self.streams.remove(&id)
    }

    /// A stream is over. Whether it waited.
    pub(super) fn leave(&mut self, id: u32) -> bool {
        let waited = self.streams.remove(&id).is_some();
        if waited {
            self.waiting.leave(id);
        }
        waited
    }

    /// Whether a stream waits for the answer to a question that nobody is asking.
    pub(super) fn has_orphans(&self) -> bool {
        self.waiting.has_orphans()
    }
}

impl<H: Host> Worker<H> {
    /// Asks the service on behalf of stream `id`, or lets it wait for an answer under way. False if
    /// the service cannot be asked.
    pub(super) fn ask(&mut self, question: Question, id: u32, exchange: &SharedExchange) -> bool {
        let topic = question.topic();
        self.questions.streams.insert(id, Rc::clone(exchange));
        if self.questions.waiting.join(topic.clone(), id) == Join::AlreadyAsked {
            return true;
        }
        match self.call(&topic, &question) {
            Called::Now => {}
            Called::Later => self.questions.waiting.orphan(topic.clone()),
            Called::Impossible => {
                self.questions.waiting.answered(&topic);
                self.questions.streams.remove(&id);
                return false;
            }
        }
        self.questions.asked.insert(topic, question);
        true
    }

    /// Asks in the place of streams that could not, or that have gone.
    pub(super) fn ask_for_orphans(&mut self) {
        for topic in self.questions.waiting.take_orphans() {
            let Some(question) = self.questions.asked.get(&topic).cloned() else {
                continue;
            };
            if self.call(&topic, &question) == Called::Impossible {
                self.questions.asked.remove(&topic);
                self.wake(&topic, false);
            }
        }
    }

    /// Posts a question to the service. False if that cannot be done.
    pub(super) fn post_question(&mut self, topic: &str, question: &Question) -> bool {
        let Some(service) = &self.service else {
            return false;
        };
        let gateway = service.gateway_id.clone();
        let (path, body) = match question {
            Question::Resolve(request) => {
                let mut request = request.clone();
                request.gateway = gateway;
                (RESOLVE_PATH, serde_json::to_vec(&request))
            }
            Question::Lend(needs) => {
                let request = LendRequest {
                    gateway,
                    needs: needs.clone(),
                };
                (LEND_PATH, serde_json::to_vec(&request))
            }
        };
        let token = body
            .ok()
            .and_then(|body| service.post(&self.host, path, &body));
        let Some(token) = token else {
            return false;
        };
        self.questions
            .expect(token, Call::Question(topic.to_owned()));
        true
    }

    /// The answer to a call is there; host calls act for the context `current`.
    pub(crate) fn answered(&mut self, token: u32, body_size: usize, current: u32) {
        let Some(call) = self.questions.calls.remove(&token) else {
            return;
        };
        let status = self.host.call_status();
        let body = self.host.call_body(body_size);
        match status {
            Some(200) => {}
            Some(426) => log::error!(
                "the accounting service does not speak this filter's protocol, version {}: upgrade the \
                 older of both. Usage is kept until then",
                Protocols::SPOKEN
            ),
            _ => log::warn!("the accounting service answered with status {status:?}"),
        }
        match call {
            Call::Sync => self.synced(status, &body),
            Call::Question(topic) => {
                let body = (status == Some(200)).then_some(body);
                let reached = self.take_over(&topic, body.as_deref());
                self.wake(&topic, reached);
                self.continue_answered(current);
            }
        }
    }

    /// Takes an answer over into cache or store. False if there was none.
    fn take_over(&mut self, topic: &str, body: Option<&[u8]>) -> bool {
        let (Some(question), Some(body)) = (self.questions.asked.remove(topic), body) else {
            return false;
        };
        let now = self.host.now();
        // When a call was made is not kept: no earlier than this.
        let longest = self.service.as_ref().map(|service| service.timeout());
        let longest_call = longest.unwrap_or_default();
        match question {
            Question::Resolve(request) => match serde_json::from_slice::<ResolveAnswer>(body) {
                Ok(answer) => {
                    self.state.cache.learn(&request, answer, now);
                    true
                }
                Err(error) => unreadable(&error),
            },
            Question::Lend(needs) => match serde_json::from_slice::<LendAnswer>(body) {
                Ok(answer) => {
                    self.state.cache.forget_ended_reservations(&needs, &answer);
                    let asked_at = now.minus(longest_call);
                    let mut store = self.host.store();
                    apply_lend(&mut store, &needs, &answer, asked_at, now);
                    self.state.share_term = share_term(&store);
                    true
                }
                Err(error) => unreadable(&error),
            },
        }
    }

    /// The streams that waited for this answer are to be continued.
    fn wake(&mut self, topic: &str, reached: bool) {
        let streams = self.questions.waiting.answered(&topic.to_owned());
        self.continuing.push(streams, reached);
    }
}

pub(super) fn unreadable(error: &serde_json::Error) -> bool {
    log::error!("the accounting service's answer cannot be read: {error}");
    false
}
