//! A gateway on a bench: exchanges are lists of inputs, answers are looked at.

use crate::admission::{Scope, ScopeRecord};
use crate::cache::PolicyCache;
use crate::config::Config;
use crate::exchange::{Effect, Exchange, Input, Step, StepContext, Verdict, WorkerState};
use crate::policy::{KeyPolicy, Limits, NamespacePolicy};
use crate::refusal::Reply;
use crate::request::Headers;
use crate::secret;
use crate::store::SharedStore;
use crate::store::fake::FakeStore;
use crate::timestamp::Timestamp;
use crate::wire::UsageEvent;
use core::time::Duration;
use serde_json::Value;

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
pub(super) const KEY: &str = "sk-alice";
pub(super) const CHAT: &str = "/v1/chat/completions";
/// One dollar a million prompt tokens, ten a million output tokens: 1,000 and 10,000 nano-dollars.
const MODELS: &str = r#""models":[
    {"name":"small","upstream":"openai","input":1.0,"output":10.0,"max_output_tokens":100},
    {"name":"large","upstream":"openai","input":1.0,"output":10.0},
    {"name":"secret","upstream":"openai"},
    {"name":"painter","upstream":"openai","units":{"image":0.04,"image:1024x1024":0.04,"image:hd":0.08}},
    {"name":"drawer","upstream":"openai","input":1.0,"output":10.0,"image_output":40.0},
    {"name":"voice","upstream":"openai","units":{"character":0.000015}},
    {"name":"ear","upstream":"openai","upstream_model":"whisper-1","units":{"second":0.0001}},
    {"name":"ranker","upstream":"openai","units":{"search_unit":0.002}},
    {"name":"judge","upstream":"openai","input":0,"output":0}],
    "aliases":{"tiny":"small","huge":"large"}"#;

pub(super) struct Bench {
    pub(super) worker: WorkerState,
    pub(super) store: FakeStore,
    pub(super) now: Timestamp,
    /// What the metrics were told.
    told: Vec<(String, u64)>,
}

pub(super) type HeaderList = Vec<(String, Vec<u8>)>;

/// A request's headers, with more where given.
pub(super) fn headers(path: &str, key: &str, more: &[(&str, &str)]) -> HeaderList {
    let method = if path == "/v1/models" { "GET" } else { "POST" };
    let bearer = format!("Bearer {key}");
    let first = [
        (":method", method),
        (":path", path),
        ("x-request-id", "req-1"),
        ("authorization", &bearer),
    ];
    let all = first.iter().chain(more);
    all.filter(|(_, value)| *value != "Bearer ")
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

/// A body for `model`, with more fields where given.
pub(super) fn body(model: &str, more: &str) -> Vec<u8> {
    let text =
        format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Hi"}}]{more}}}"#);
    text.into_bytes()
}

impl Bench {
    /// A gateway that keeps its own books. `key` and `namespace` are fields of the inline policy,
    /// each beginning with a comma.
    pub(super) fn standalone(key: &str, namespace: &str) -> Bench {
        Bench::of_organization(key, namespace, "")
    }

    /// The same with fields of the organization, of which all namespaces are.
    pub(super) fn of_organization(key: &str, namespace: &str, organization: &str) -> Bench {
        let digest = secret::digest(KEY.as_bytes()).to_hex();
        let admin = secret::digest(b"sk-admin").to_hex();
        let text = format!(
            r#"{{"max_request_bytes":2048,"pass_through":[{{"path":"/v1/files","upstream":"openai"}}],
            "policy":{{
            "keys":[{{"id":"k","sha256":"{digest}","namespace":"n"{key}}},
                {{"id":"admin","sha256":"{admin}"}}],
            "namespaces":[{{"name":"n","organization":"o"{namespace}}},
                {{"name":"m","organization":"o"}}],
            "organizations":[{{"name":"o"{organization}}}],{MODELS}}}}}"#
        );
        let config = Config::parse(text.as_bytes()).unwrap();
        let policy = config.policy.clone().unwrap();
        let cache = PolicyCache::complete(
            policy.keys,
            policy.namespaces,
            policy.organizations,
            policy.catalog,
        );
        Bench::with(config, cache)
    }

    /// A gateway that asks the service for everything; and what that would tell of the key.
    pub(super) fn leased(namespace: &str) -> (Bench, KeyPolicy, NamespacePolicy) {
        let policy = Bench::standalone("", namespace)
            .worker
            .config
            .policy
            .unwrap();
        let config = Config::parse(br#"{"accounting":{"cluster":"paddock"}}"#).unwrap();
        let bench = Bench::with(config, PolicyCache::new(10, 0));
        let (key, namespace) = (policy.keys[0].clone(), policy.namespaces[0].clone());
        (bench, key, namespace)
    }

    fn with(config: Config, cache: PolicyCache) -> Bench {
        let mut worker = WorkerState::new(config, cache, [7; 22]);
        worker.policy_heard_at = Timestamp::FAR;
        Bench {
            worker,
            store: FakeStore::default(),
            now: NOW,
            told: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, exchange: &mut Exchange, input: Input<'_>) -> Step {
        let mut cx = StepContext {
            worker: &mut self.worker,
            store: &mut self.store,
            now: self.now,
        };
        exchange.step(input, &mut cx)
    }

    /// What a counter of that name has come to.
    pub(super) fn counted(&mut self, name: &str) -> u64 {
        self.told.append(&mut self.worker.counts.take());
        let ours = self.told.iter().filter(|(told, _)| told == name);
        ours.map(|(_, amount)| amount).sum()
    }

    /// The request as a whole.
    pub(super) fn send(
        &mut self,
        exchange: &mut Exchange,
        headers: &HeaderList,
        body: &[u8],
    ) -> Step {
        let begun = self.step(
            exchange,
            Input::RequestHeaders {
                headers: Headers(&crate::request::borrowed(headers)),
                attributes: &[],
                end: false,
            },
        );
        if begun.verdict != Verdict::Wait {
            return begun;
        }
        let mut step = self.step(exchange, Input::RequestBody { body });
        step.effects.splice(0..0, begun.effects);
        step
    }

    /// A chat request of `KEY`, and its exchange.
    pub(super) fn chat(&mut self, body: &[u8]) -> (Exchange, Step) {
        let mut exchange = Exchange::default();
        let step = self.send(&mut exchange, &headers(CHAT, KEY, &[]), body);
        (exchange, step)
    }

    /// The answer's headers.
    /// What becomes of a request that may wait for calls in flight which never end.
    pub(super) fn waited(&mut self, (mut exchange, step): (Exchange, Step)) -> Step {
        if !exchange.is_queued() {
            return step;
        }
        self.now = self.now.plus(Duration::from_secs(30));
        self.step(&mut exchange, Input::Turn)
    }

    pub(super) fn answer(
        &mut self,
        exchange: &mut Exchange,
        status: u16,
        content_type: &str,
    ) -> Step {
        let input = Input::ResponseHeaders {
            status,
            content_type: content_type.as_bytes(),
            content_encoding: b"",
            details: b"",
            end: false,
        };
        self.step(exchange, input)
    }

    pub(super) fn record(&self, scope: &str) -> ScopeRecord {
        let scope = Scope::new(scope.to_owned(), Limits::default());
        let value = self.store.get(&scope.record);
        value.map_or_else(ScopeRecord::default, |(bytes, _)| {
            ScopeRecord::decode(&bytes)
        })
    }
}

/// The answer the gateway itself gave.
pub(super) fn reply(step: Step) -> Reply {
    match step.verdict {
        Verdict::Reply(reply) => reply,
        other => panic!("{other:?}"),
    }
}

pub(super) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let found = reply.headers.iter().find(|(other, _)| *other == name);
    found.map(|(_, value)| value.as_str())
}

pub(super) fn error(reply: &Reply) -> Value {
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    body["error"].clone()
}

/// The one usage event of some steps, as the access log has it.
pub(super) fn event(steps: &[Step]) -> UsageEvent<'static> {
    let effects = steps.iter().flat_map(|step| &step.effects);
    let mut events = effects.filter_map(|effect| match effect {
        Effect::Annotate("paddock_event", line) => UsageEvent::from_line(line).unwrap(),
        _ => None,
    });
    let event = events.next().expect("an event");
    assert!(events.next().is_none(), "one event alone");
    event
}
