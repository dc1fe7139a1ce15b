//! What streams ask the accounting service, and going on with them when it has answered.

use super::{Call, MAX_RELEASES, Worker};
use crate::effects::{SharedExchange, advance, release};
use crate::host::{self, SharedData};
use paddock_core::exchange::{Input, Question};
use paddock_core::wire::{LEND_PATH, LendAnswer, LendRequest, RESOLVE_PATH, ResolveAnswer};
use paddock_core::worker::{Join, apply_lend};
use std::rc::Rc;

impl Worker {
    /// Asks the service on behalf of stream `id`, or lets it wait for an answer under way. False
    /// where the service cannot be asked.
    ///
    /// A call belongs to the stream in whose callback it is made and is lost with it. So a stream
    /// that is gone on with from another's callback does not ask itself: the next tick does.
    pub(crate) fn ask(&mut self, question: Question, id: u32, exchange: &SharedExchange) -> bool {
        let topic = question.topic();
        self.held.insert(id, Rc::clone(exchange));
        if self.waiting.join(topic.clone(), id) == Join::AlreadyAsked {
            return true;
        }
        if self.releasing {
            self.waiting.orphan(topic.clone());
            self.questions.insert(topic, question);
            return true;
        }
        let asked = self.dispatch(&topic, &question);
        if asked {
            self.questions.insert(topic, question);
        } else {
            self.waiting.answered(&topic);
            self.held.remove(&id);
        }
        asked
    }

    pub(super) fn dispatch(&mut self, topic: &str, question: &Question) -> bool {
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
        let Some(token) = body.ok().and_then(|body| service.post(path, &body)) else {
            return false;
        };
        self.calls.insert(token, Call::Question(topic.to_owned()));
        true
    }

    /// The answer to a call is there; host calls act for the context `current`.
    pub(crate) fn answered(&mut self, token: u32, body_size: usize, current: u32) {
        let Some(call) = self.calls.remove(&token) else {
            return;
        };
        let status = host::callout_status();
        let body = host::callout_body(body_size);
        let body = (status == Some(200)).then_some(body);
        if body.is_none() {
            log::warn!("the accounting service answered with status {status:?}");
        }
        match call {
            Call::Sync => self.synced(body.as_deref()),
            Call::Question(topic) => {
                let reached = self.take_over(&topic, body.as_deref());
                self.wake(&topic, reached);
                self.release_some(current);
            }
        }
    }

    /// Takes an answer over into cache or store. False where there was none.
    fn take_over(&mut self, topic: &str, body: Option<&[u8]>) -> bool {
        let (Some(question), Some(body)) = (self.questions.remove(topic), body) else {
            return false;
        };
        let now = host::now();
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
                    apply_lend(&mut SharedData, &needs, &answer, now);
                    true
                }
                Err(error) => unreadable(&error),
            },
        }
    }

    pub(super) fn wake(&mut self, topic: &str, reached: bool) {
        let topic = topic.to_owned();
        self.released.extend(
            self.waiting
                .answered(&topic)
                .into_iter()
                .map(|id| (id, reached)),
        );
    }

    /// Goes on with streams whose answer is there, a bounded number at once.
    pub(super) fn release_some(&mut self, current: u32) {
        self.releasing = true;
        for _ in 0..MAX_RELEASES {
            let Some((id, reached)) = self.released.pop_front() else {
                break;
            };
            let Some(exchange) = self.held.remove(&id) else {
                continue;
            };
            if host::act_for(id) {
                let verdict = advance(self, &exchange, id, Input::Answered { reached });
                release(&verdict);
            }
        }
        self.releasing = false;
        host::act_for(current);
        self.hurry_if_needed();
    }
}

pub(super) fn unreadable(error: &serde_json::Error) -> bool {
    log::error!("the accounting service's answer cannot be read: {error}");
    false
}
