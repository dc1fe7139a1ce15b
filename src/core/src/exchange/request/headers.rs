//! The headers of a request: who claims to call, what for, and what the upstream must not see.

use crate::config::{Config, HoldAt};
use crate::exchange::admit::reservation_id;
use crate::exchange::context::{StepContext, WorkerState};
use crate::exchange::cors::{listed_origin, preflight};
use crate::exchange::effect::{Effect, Step, Verdict};
use crate::exchange::head::{Head, Target};
use crate::exchange::state::{Exchange, State};
use crate::identity::Claim;
use crate::refusal::{Refusal, header_value};
use crate::request::{Headers, Hints, RequestHead, form_boundary, guess_format};
use crate::secret::redact;
use crate::store::SharedStore;
use crate::wire_format::WireFormat;
use std::borrow::Cow;

impl Exchange {
    pub(crate) fn on_request_headers<S: SharedStore>(
        &mut self,
        headers: &Headers<'_>,
        attributes: &[Option<Vec<u8>>],
        end: bool,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let mut head = RequestHead::read(headers);
        let request_id = header_value(&text(head.request_id));
        let WorkerState {
            config, digests, ..
        } = &mut *cx.worker;
        self.origin = listed_origin(headers, config);
        if self.origin.is_some()
            && let Some(reply) = preflight(headers)
        {
            self.state = State::Refused;
            return Step::new(Verdict::Reply(reply));
        }
        let came_as = head.path.len();
        let target = Target::of(&mut head, config);
        let is_respelled = head.path.len() != came_as;
        let metered = target.format();
        let guessed = || guess_format(&head.path, head.credential.as_ref());
        let format = metered.unwrap_or_else(guessed);
        let end_users = &config.end_users;
        let claim = match Claim::read(&head, headers, attributes, &config.identity, digests) {
            Ok(claim) => claim,
            Err(refusal) => {
                let mut step = self.refuse(&refusal, format, &request_id, None, cx.worker);
                let path = without_keys(&head.path_and_query());
                step.effects.extend(path.map(Effect::SetPath));
                return step;
            }
        };
        let mut effects = Vec::new();
        for name in unforwarded(headers, metered, config) {
            effects.push(Effect::RemoveRequestHeader(name.to_owned()));
        }
        let forwarding = &config.forwarding;
        let stripped =
            head.path_for_upstream(|name, value| forwarding.parameter(metered, name, value));
        let path_and_query = stripped.clone().unwrap_or_else(|| head.path_and_query());
        let respelled = is_respelled.then(|| path_and_query.clone());
        let clean = without_keys(&path_and_query).or(stripped).or(respelled);
        effects.extend(clean.clone().map(Effect::SetPath));
        let too_long = head
            .content_length
            .is_some_and(|length| length > config.max_request_bytes as u64);
        let user = end_users.headers().find_map(|(name, goes_first)| {
            let value = match name {
                "x-user" => head.user,
                name => headers.get(name),
            };
            let user = text(value).trim().to_owned();
            (!user.is_empty()).then_some((user, goes_first))
        });
        let headers_gone = !end && config.hold != HoldAt::Headers;
        if headers_gone {
            effects.push(Effect::RemoveRequestHeader("content-length".to_owned()));
        }
        let kept = Head {
            announced_bytes: head
                .content_length
                .and_then(|length| usize::try_from(length).ok())
                .unwrap_or(0),
            has_length: head.content_length.is_some() && !headers_gone,
            headers_gone,
            format,
            path_and_query: clean.unwrap_or(path_and_query),
            path: text(Some(&head.path)),
            encoding: head.encoding,
            form: said_form(head.content_type),
            hints: Hints::of(&head),
            request_id,
            user_agent: text(head.user_agent),
            target,
            client_address: client_address(headers),
            reservation: reservation_id(head.reservation_id),
            user_goes_first: user.as_ref().is_some_and(|(_, goes_first)| *goes_first),
            user: user.map(|(user, _)| user),
        };
        let mut step = match too_long {
            true => self.refuse_too_large(&kept, cx.worker),
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

    pub(crate) fn refuse_too_large(&mut self, head: &Head, worker: &mut WorkerState) -> Step {
        let refusal = Refusal::too_large(worker.config.max_request_bytes as u64);
        self.refuse(&refusal, head.format, &head.request_id, None, worker)
    }
}

/// The boundary of the form that a content type names.
fn said_form(content_type: Option<&[u8]>) -> Option<String> {
    let kind = content_type?;
    let is_multipart = kind
        .get(..10)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"));
    is_multipart.then(|| form_boundary(kind).unwrap_or_default().to_owned())
}

/// A path that has keys in it, without them: Envoy's access log is told the path.
fn without_keys(path: &str) -> Option<String> {
    match redact(path.as_bytes()) {
        Cow::Borrowed(_) => None,
        Cow::Owned(clean) => Some(String::from_utf8_lossy(&clean).into_owned()),
    }
}

/// The headers that do not reach a provider, each once: all but those on the list, and of those the
/// ones that say who calls.
fn unforwarded<'a>(
    headers: &Headers<'a>,
    metered: Option<WireFormat>,
    config: &Config,
) -> Vec<&'a str> {
    let (identities, end_users) = (&config.identity, &config.end_users);
    let mut names = Vec::new();
    for name in headers.names() {
        let stays = config.forwarding.header(metered, name)
            && !identities.is_trusted_header(name)
            && !end_users.is_own_header(name);
        if !stays && !names.contains(&name) {
            names.push(name);
        }
    }
    names
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
