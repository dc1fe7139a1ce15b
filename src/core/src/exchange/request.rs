//! From the request's headers to the upstream: identify, authorize, admit.

use super::effect::{Effect, Level, Step, Verdict};
use super::refused::CallContext;
use super::reserved::{awaited, reservation_id};
use super::target::Target;
use super::throttled::leave_queue;
use super::{Exchange, MAX_ROUNDS, State, StepContext};
use crate::admission::WhenShort;
use crate::config::HoldAt;
use crate::identity::{Caller, Claim};
use crate::policy::FailureMode;
use crate::refusal::Refusal;
use crate::request::{Headers, Hints, RequestHead, guess_format};
use crate::store::SharedStore;
use crate::wire_format::WireFormat;

/// What is kept of a request's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) target: Target,
    /// Without its query.
    pub(super) path: String,
    /// With its query, less what is not for the upstream.
    pub(super) path_and_query: String,
    pub(super) format: WireFormat,
    pub(super) request_id: String,
    pub(super) user_agent: String,
    pub(super) client_address: String,
    pub(super) user: Option<String>,
    /// What the client says of the request to Paddock alone.
    pub(super) hints: Hints,
    /// The reservation it names, where that could be one.
    pub(super) reservation: Option<String>,
    /// Whether the request said how long its body is, and still does.
    pub(super) has_length: bool,
    /// Whether the headers have gone on, so that neither they nor the route can be changed.
    pub(super) headers_gone: bool,
}

impl Exchange {
    pub(super) fn on_request_headers<S: SharedStore>(
        &mut self,
        headers: &Headers<'_>,
        attributes: &[Option<Vec<u8>>],
        end: bool,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let head = RequestHead::read(headers);
        let format = guess_format(head.path, head.credential.as_ref());
        let request_id = text(head.request_id);
        let identities = &cx.worker.config.identity;
        let claim = match Claim::read(&head, headers, attributes, identities) {
            Ok(claim) => claim,
            Err(refusal) => return self.refuse(&refusal, format, &request_id, None),
        };
        let trusted = headers
            .names()
            .filter(|name| identities.is_trusted_header(name));
        let mut effects: Vec<Effect> = head
            .untrusted
            .iter()
            .copied()
            .chain(trusted)
            .map(|name| Effect::RemoveRequestHeader(name.to_owned()))
            .collect();
        let target = Target::of(&head, &cx.worker.config);
        let metered = matches!(target, Target::Model(_));
        let stripped = head.path_for_upstream(metered);
        effects.extend(stripped.clone().map(Effect::SetPath));
        let too_long = head
            .content_length
            .is_some_and(|length| length > cx.worker.config.max_request_bytes as u64);
        let headers_gone = !end && cx.worker.config.hold != HoldAt::Headers;
        if headers_gone {
            effects.push(Effect::RemoveRequestHeader("content-length".to_owned()));
        }
        let kept = Head {
            has_length: head.content_length.is_some() && !headers_gone,
            headers_gone,
            format: target.format().unwrap_or(format),
            path_and_query: stripped.unwrap_or_else(|| head.path_and_query()),
            path: text(Some(head.path)),
            hints: Hints::of(&head),
            request_id,
            user_agent: text(head.user_agent),
            target,
            client_address: client_address(headers),
            reservation: reservation_id(head.reservation_id),
            user: head
                .user
                .map(|user| text(Some(user)))
                .filter(|user| !user.is_empty()),
        };
        let mut step = match too_long {
            true => self.refuse_too_large(&kept, cx.worker.config.max_request_bytes),
            false => self.identify(kept, claim, end.then(Vec::new), 0, cx),
        };
        if headers_gone && step.verdict == Verdict::Wait {
            effects.extend(self.known_namespace());
            step.verdict = Verdict::Continue;
        }
        effects.append(&mut step.effects);
        step.effects = effects;
        step
    }

    /// The namespace's own connection pool, where the namespace is known before the headers go.
    fn known_namespace(&self) -> Option<Effect> {
        let State::AwaitBody { caller, .. } = &self.state else {
            return None;
        };
        let name = caller.namespace().policy.name.clone();
        Some(Effect::SetRequestHeader("x-paddock-namespace", name))
    }

    pub(super) fn on_body_never_came<S>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        let (head, caller) = match core::mem::take(&mut self.state) {
            State::AwaitBody { head, caller, .. } => (head, caller),
            other => {
                self.state = other;
                return Step::new(Verdict::Wait);
            }
        };
        let refusal = Refusal::body_never_came();
        let mut step = self.refuse_call(&refusal, CallContext::of(&head, &caller), cx);
        let reason = "a request was held at its headers and its body never came: set \
                      `allow_on_headers_stop_iteration: true` in Envoy's plugin configuration, or \
                      `hold: body` in Paddock's";
        step.effects
            .push(Effect::Log(Level::Error, reason.to_owned()));
        step
    }

    pub(super) fn on_body_grows<S: SharedStore>(
        &mut self,
        received: usize,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let limit = cx.worker.config.max_request_bytes;
        let refusal = || Refusal::too_large(limit as u64);
        match core::mem::take(&mut self.state) {
            State::AwaitBody { head, caller, .. } if received > limit => {
                self.refuse_call(&refusal(), CallContext::of(&head, &caller), cx)
            }
            State::Identify { head, .. } if received > limit => self.refuse_too_large(&head, limit),
            other => {
                self.state = other;
                Step::new(self.request_verdict())
            }
        }
    }

    pub(super) fn on_request_body<S: SharedStore>(
        &mut self,
        body: &[u8],
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        if body.len() > cx.worker.config.max_request_bytes {
            return self.on_body_grows(body.len(), cx);
        }
        match core::mem::take(&mut self.state) {
            State::AwaitBody {
                head,
                endpoint,
                caller,
            } => self.decide(head, &endpoint, caller, body, cx),
            State::Identify {
                head,
                claim,
                rounds,
                ..
            } => {
                self.state = State::Identify {
                    head,
                    claim,
                    body: Some(body.to_vec()),
                    rounds,
                };
                Step::new(Verdict::Wait)
            }
            other => {
                self.state = other;
                Step::new(self.request_verdict())
            }
        }
    }

    pub(super) fn on_answered<S: SharedStore>(
        &mut self,
        reached: bool,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        match core::mem::take(&mut self.state) {
            State::Identify {
                head,
                claim,
                body,
                rounds,
            } => {
                // Where the service is away nobody's identity is certain: fail closed.
                let rounds = if reached { rounds } else { MAX_ROUNDS };
                self.identify(head, claim, body, rounds, cx)
            }
            // The service cannot be asked for the reservation: the slices in hand may do.
            State::Borrow { head, mut pending }
                if !reached && awaited(&head, &pending).is_some() =>
            {
                pending.may_be_reserved = false;
                self.admit(head, *pending, None, cx)
            }
            State::Borrow { head, mut pending } => {
                let caller = pending.call.grant.caller();
                let failure_mode = caller.namespace().policy.failure_mode;
                pending.call.ask.short = match (reached, failure_mode) {
                    (true, _) if pending.rounds < MAX_ROUNDS => WhenShort::Borrow,
                    (true, _) => WhenShort::Refuse,
                    (false, FailureMode::Open) => WhenShort::Overdraw,
                    (false, FailureMode::Closed) => {
                        let scope = &caller.namespace().scope.name;
                        let refusal = Refusal::accounting_unavailable(Some(scope));
                        leave_queue(&mut pending, false, cx);
                        let call_context = CallContext::making(&head, &pending.call);
                        return self.refuse_call(&refusal, call_context, cx);
                    }
                };
                self.admit(head, *pending, None, cx)
            }
            other => {
                self.state = other;
                Step::new(Verdict::Wait)
            }
        }
    }

    fn refuse_too_large(&mut self, head: &Head, limit: usize) -> Step {
        self.refuse(
            &Refusal::too_large(limit as u64),
            head.format,
            &head.request_id,
            None,
        )
    }

    pub(super) fn refuse(
        &mut self,
        refusal: &Refusal,
        format: WireFormat,
        request_id: &str,
        caller: Option<&Caller>,
    ) -> Step {
        self.state = State::Refused;
        let reply = refusal.to_reply(format, request_id);
        let namespace = caller.map_or("", |caller| caller.namespace().policy.name.as_str());
        let code = refusal.code.name();
        let counted = format!("paddock_refusals_total;ns={namespace};reason={code}");
        let mut effects = vec![
            Effect::Count(counted, 1),
            Effect::Annotate("paddock_refusal", code.into()),
        ];
        if let Some(caller) = caller {
            effects.push(Effect::Annotate("paddock_namespace", namespace.to_owned()));
            effects.push(Effect::Annotate(
                "paddock_key",
                caller.key().policy.id.clone(),
            ));
        }
        Step {
            verdict: Verdict::Reply(reply),
            effects,
        }
    }
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

/// The last address of `x-forwarded-for`: the one Envoy itself added.
fn client_address(headers: &Headers<'_>) -> String {
    let chain = headers.get("x-forwarded-for").unwrap_or_default();
    let last = chain
        .rsplit(|byte| *byte == b',')
        .next()
        .unwrap_or_default();
    String::from_utf8_lossy(last.trim_ascii()).into_owned()
}
