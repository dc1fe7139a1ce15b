//! What is measured: the core's part in one request, alone and as a whole.

use paddock_core::admission::{
    Ask, Budgeting, Grants, Hold, RateTier, Scope, Terms, WhenShort, place_hold,
};
use paddock_core::cache::PolicyCache;
use paddock_core::config::{Accounting, Config};
use paddock_core::epoch_sum::Epochs;
use paddock_core::exchange::{Exchange, Input, StepContext, Verdict, WorkerState};
use paddock_core::meter::{Framing, Meter};
use paddock_core::money::Money;
use paddock_core::policy::Limits;
use paddock_core::request::{Endpoint, Headers, read_body};
use paddock_core::secret;
use paddock_core::store::{Conflict, SharedStore, Version};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::{CapPeriod, Lease, LendAnswer, Need};
use paddock_core::wire_format::WireFormat;
use paddock_core::worker::apply_lend;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::rc::Rc;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const KEY: &str = "pdk-bench";

/// Shared data in memory.
#[derive(Debug, Default)]
pub struct Store(BTreeMap<String, (Vec<u8>, u32)>);

impl SharedStore for Store {
    fn get(&self, key: &str) -> Option<(Vec<u8>, Version)> {
        let (value, version) = self.0.get(key)?;
        Some((value.clone(), Version(*version)))
    }

    fn put(&mut self, key: &str, value: &[u8], version: Option<Version>) -> Result<(), Conflict> {
        match self.0.get_mut(key) {
            Some((present, number)) if version == Some(Version(*number)) => {
                (*present, *number) = (value.to_vec(), number.wrapping_add(1));
                Ok(())
            }
            None if version.is_none() => {
                self.0.insert(key.to_owned(), (value.to_vec(), 1));
                Ok(())
            }
            _ => Err(Conflict),
        }
    }
}

/// A key and its namespace, each with every kind of limit, and money on loan for both.
pub struct Tenant {
    pub store: Store,
    grants: Grants,
    scopes: [Rc<Scope>; 2],
}

impl Tenant {
    pub fn new() -> Tenant {
        let limits = Limits {
            requests_per_minute: Some(100_000_000),
            tokens_per_minute: Some(100_000_000),
            max_concurrency: Some(u64::MAX),
            monthly_quota: Some(Money::MAX),
            ..Limits::default()
        };
        let scopes = ["key:k", "namespace:n"]
            .map(|name| Rc::new(Scope::new(name.to_owned(), limits.clone())));
        let mut store = Store::default();
        borrow(&mut store);
        Tenant {
            store,
            grants: Grants::default(),
            scopes,
        }
    }

    pub fn admit(&mut self) -> Hold {
        let ask = Ask {
            tokens: 1,
            money: Money::from_nanos(1),
            short: WhenShort::Borrow,
            unshared: WhenShort::Borrow,
            unshared_upstream: WhenShort::Borrow,
            tier: RateTier::Regular,
            is_turn: false,
        };
        let terms = Terms {
            epochs: Epochs(600),
            budgeting: Budgeting::Leased,
            sharing: None,
        };
        let admitted = place_hold(
            &mut self.grants,
            &mut self.store,
            &self.scopes,
            &ask,
            terms,
            NOW,
        );
        admitted.expect("nothing is short")
    }

    pub fn settle(&mut self, hold: Hold) {
        black_box(hold.settle(
            &mut self.grants,
            &mut self.store,
            1,
            Money::from_nanos(1),
            NOW,
        ));
    }
}

fn borrow(store: &mut Store) {
    for scope in ["key:k", "namespace:n"] {
        let need = Need {
            scope: scope.to_owned(),
            amount: Money::ZERO,
            held: None,
            share: None,
        };
        let end = Timestamp::from_secs(u64::MAX / 1_000_000_000);
        let lease = Lease {
            scope: scope.to_owned(),
            id: 1,
            lent: Money::from_nanos(i64::MAX / 2),
            expires_at: end,
            period_ends_at: end,
            period: CapPeriod::Monthly,
            resets_at: None,
            remaining: Money::MAX,
            hold_at_most: None,
            spent: Money::ZERO,
            used_percent: 0,
            short: false,
        };
        let answer = LendAnswer {
            leases: vec![lease],
            shares: None,
        };
        apply_lend(store, &[need], &answer, NOW, NOW);
    }
}

/// A chat request of about `bytes` bytes.
pub fn request(bytes: usize) -> Vec<u8> {
    let text = "The quick brown fox. ".repeat(bytes / 21);
    format!(
        r#"{{"model":"gpt-4.1","max_tokens":64,"messages":[{{"role":"user","content":"{text}"}}]}}"#
    )
    .into_bytes()
}

/// A chat answer of about `bytes` bytes.
pub fn answer(bytes: usize) -> Vec<u8> {
    let text = "The quick brown fox. ".repeat(bytes / 21);
    format!(
        r#"{{"id":"c","object":"chat.completion","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":20,"completion_tokens":30,"total_tokens":50}}}}"#
    )
    .into_bytes()
}

/// A stream of 200 events with the usage at its end, an event a chunk.
pub fn stream() -> Vec<Vec<u8>> {
    let event = |data: &str| format!("data: {data}\n\n").into_bytes();
    let word = event(
        r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}],"usage":null}"#,
    );
    let mut chunks = vec![word; 200];
    chunks.push(event(
        r#"{"id":"c","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":200}}"#,
    ));
    chunks.push(event("[DONE]"));
    chunks
}

pub fn meter(framing: Framing, hide: bool, chunks: &[Vec<u8>]) {
    let mut meter = Meter::new(WireFormat::OpenAi, framing, hide);
    for chunk in chunks {
        let _ = black_box(meter.feed(chunk));
    }
    black_box(meter.finish());
    assert!(black_box(meter.reading()).usage.is_some());
}

pub fn read(body: &[u8]) {
    black_box(read_body(&Endpoint::ChatCompletions, body).is_ok());
}

/// A worker that knows its tenant.
pub struct Worker {
    worker: WorkerState,
    store: Store,
    headers: Vec<(String, Vec<u8>)>,
}

impl Worker {
    pub fn new() -> Worker {
        let digest = secret::digest(KEY.as_bytes()).to_hex();
        let limits = r#""rate_limit_per_minute":100000000,"tokens_per_minute":100000000,
            "max_concurrency":100000000,"monthly_quota_usd":9000000000"#;
        let text = format!(
            r#"{{"policy":{{"keys":[{{"id":"k","sha256":"{digest}","namespace":"n",{limits}}}],
            "namespaces":[{{"name":"n",{limits}}}]}}}}"#
        );
        let mut config = Config::parse(text.as_bytes()).expect("a good configuration");
        let policy = config.policy.take().expect("a policy");
        config.accounting = Some(Accounting {
            cluster: "paddock".to_owned(),
            timeout_ms: 1,
        });
        let cache = PolicyCache::complete(
            policy.keys,
            policy.namespaces,
            policy.organizations,
            policy.catalog,
        );
        let mut store = Store::default();
        borrow(&mut store);
        let bearer = format!("Bearer {KEY}");
        let headers = [
            (":method", "POST"),
            (":path", "/v1/chat/completions"),
            (":authority", "gateway"),
            ("authorization", &bearer),
            ("content-type", "application/json"),
            ("user-agent", "OpenAI/Python 2.0"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-request-id", "5f3c5f0e-0d64-4a57-9f0e-5e1f5c2b7a11"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        let mut worker = WorkerState::new(config, cache, [1; 22]);
        worker.policy_heard_at = Timestamp::FAR;
        Worker {
            worker,
            store,
            headers: headers.to_vec(),
        }
    }

    /// One exchange from its headers to its settlement.
    pub fn exchange(&mut self, body: &[u8], answer: &[u8]) {
        let mut exchange = Exchange::default();
        let mut cx = StepContext {
            worker: &mut self.worker,
            store: &mut self.store,
            now: NOW,
        };
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let headers = Headers(&headers);
        let end = false;
        black_box(exchange.step(
            Input::RequestHeaders {
                headers,
                attributes: &[],
                end,
            },
            &mut cx,
        ));
        let step = exchange.step(Input::RequestBody { body }, &mut cx);
        assert_eq!(step.verdict, Verdict::Continue);
        black_box(step);
        let head = Input::ResponseHeaders {
            status: 200,
            content_type: b"application/json",
            content_encoding: b"",
            details: b"",
            end,
        };
        black_box(exchange.step(head, &mut cx));
        let chunk = Input::ResponseBody {
            chunk: answer,
            end: true,
        };
        black_box(exchange.step(chunk, &mut cx));
        black_box(exchange.step(Input::Closed, &mut cx));
    }
}

/// One thing that is measured, by name.
pub type Measured = (&'static str, Box<dyn FnMut()>);

/// Everything that is measured.
pub fn all() -> Vec<Measured> {
    let (mut admitting, mut settling) = (Tenant::new(), Tenant::new());
    let (small, large) = (request(1_000), request(100_000));
    let (short, long) = (vec![answer(1_000)], vec![answer(100_000)]);
    let (events, hidden) = (stream(), stream());
    let (mut worker, body, reply) = (Worker::new(), request(1_000), answer(1_000));
    let (mut busy, long_body, long_reply) = (Worker::new(), request(100_000), answer(100_000));
    vec![
        (
            "admit two scopes",
            Box::new(move || drop(admitting.admit())),
        ),
        (
            "admit and settle two scopes",
            Box::new(move || {
                let hold = settling.admit();
                settling.settle(hold);
            }),
        ),
        ("read a body of 1 KB", Box::new(move || read(&small))),
        ("read a body of 100 KB", Box::new(move || read(&large))),
        (
            "meter JSON of 1 KB",
            Box::new(move || meter(Framing::Json, false, &short)),
        ),
        (
            "meter JSON of 100 KB",
            Box::new(move || meter(Framing::Json, false, &long)),
        ),
        (
            "meter 200 events",
            Box::new(move || meter(Framing::EventStream, false, &events)),
        ),
        (
            "meter 200 events and hide the usage",
            Box::new(move || meter(Framing::EventStream, true, &hidden)),
        ),
        (
            "whole exchange of 1 KB",
            Box::new(move || worker.exchange(&body, &reply)),
        ),
        (
            "whole exchange of 100 KB",
            Box::new(move || busy.exchange(&long_body, &long_reply)),
        ),
    ]
}
