//! Whole exchanges: headers, a body, an answer in pieces, and the end.

use crate::store::Store;
use crate::{Target, corpus};
use paddock_core::cache::PolicyCache;
use paddock_core::config::Config;
use paddock_core::exchange::{Effect, Exchange, Input, Step, StepContext, Verdict, WorkerState};
use paddock_core::request::Headers;
use paddock_core::secret;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::UsageEvent;
use serde_json::Value;

/// Sections with a byte of all ones between them: the request's head, its body, the answer's head, and
/// pieces of its body.
pub const TARGET: Target = Target {
    name: "exchanges",
    check,
    seeds,
};

/// When everything takes place.
pub const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// What the access log calls an event: a gateway without a service tells nobody else.
const EVENT: &str = "paddock_event";
const SECTION: u8 = 0xFF;

/// A gateway without a service, with every kind of limit. The key is that of 32 zero bytes.
const CONFIGURATION: &str = r#"{"max_request_bytes":65536,"max_request_seconds":60,
"identity":[{"spiffe":{"trust_domain":"cluster.local"}},{"key":{}},
{"header":{"name":"x-cost-centre","namespaces":{"4711":"n"},"role":"analyst"}}],
"end_users":{"named_by":["body","x-user"],"claude_code":"account"},
"access_log":["event","namespace","key","model","cost_usd","refusal"],
"pass_through":[{"path":"/v1/files","upstream":"openai"}],
"cors_origins":["https://app.test"],"tell_cost":"header_and_comment",
"policy":{"organizations":[{"name":"o","monthly_quota_usd":1000000}],
"namespaces":[{"name":"n","organization":"o","user_monthly_quota_usd":100000,"daily_quota_usd":500000,
"routing":{"name":"r","fallback_model":"small","rules":[
{"name":"batch","match_conditions":{"batch_mode":true},"target_model":"large"},
{"name":"long","match_conditions":{"max_output_tokens":10},"target_model":"claude","fallback":"small"}]}}],
"keys":[{"id":"k","sha256":"KEY","namespace":"n","role":"developer","rate_limit_per_minute":1000,
"tokens_per_minute":100000000,"max_concurrency":5,"monthly_quota_usd":100000}],
"models":[{"name":"small","upstream":"openai","input":1.0,"cached_input":0.5,"output":10.0,"max_output_tokens":100,
"fees":{"web_search":0.01},"tiers":{"flex":{"percent":50}},"steps":[{"above_tokens":200000,"input":2.0}]},
{"name":"large","upstream":"gemini","input":1.0,"output":10.0,"output_limit_field":"max_completion_tokens"},
{"name":"claude","upstream":"anthropic","input":3.0,"output":15.0,"cache_write_5m":3.75}],
"aliases":{"tiny":"small","gpt-*":"large"}}}"#;

/// The text of [`CONFIGURATION`] with the key in it.
pub fn configuration() -> String {
    let digest = secret::digest(key().as_bytes()).to_hex();
    CONFIGURATION.replace("KEY", &digest)
}

thread_local! {
    static CONFIG: Config = Config::parse(configuration().as_bytes())
        .unwrap_or_else(|problems| panic!("{problems:?}"));
}

fn key() -> String {
    secret::write(&[0; 32])
}

struct Gateway {
    worker: WorkerState,
    store: Store,
    exchange: Exchange,
    events: Vec<UsageEvent<'static>>,
}

impl Gateway {
    fn start() -> Gateway {
        let config = CONFIG.with(Config::clone);
        let Some(policy) = config.policy.clone() else {
            panic!("the configuration has no policy");
        };
        let cache = PolicyCache::complete(
            policy.keys,
            policy.namespaces,
            policy.organizations,
            policy.catalog,
        );
        Gateway {
            worker: WorkerState::new(config, cache, [7; 22]),
            store: Store::default(),
            exchange: Exchange::default(),
            events: Vec::new(),
        }
    }

    /// Takes an input, and looks at all that is to be done.
    fn step(&mut self, input: Input<'_>) -> Verdict {
        let mut cx = StepContext {
            worker: &mut self.worker,
            store: &mut self.store,
            now: NOW,
        };
        let Step { verdict, effects } = self.exchange.step(input, &mut cx);
        for effect in effects {
            self.effect(effect);
        }
        if let Verdict::Reply(reply) = &verdict {
            assert!((200..600).contains(&reply.status), "{reply:?}");
            assert!(
                reply.body.len() < 64 << 10,
                "an answer is short: {}",
                reply.body.len()
            );
            let json = serde_json::from_slice::<Value>(&reply.body);
            assert!(reply.body.is_empty() || json.is_ok(), "{reply:?}");
            without_key(&reply.body);
            for (name, value) in &reply.headers {
                header(name, value);
            }
        }
        verdict
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::SetRequestHeader(name, value) | Effect::SetResponseHeader(name, value) => {
                header(name, &value)
            }
            Effect::SetPath(path) => {
                header(":path", &path);
            }
            Effect::Annotate(name, value) => {
                without_key(value.as_bytes());
                assert!(value.len() < 16 << 10, "{name} is short: {}", value.len());
                assert!(
                    value.bytes().all(|byte| byte >= 0x20),
                    "a line of the log is one line: {value:?}"
                );
                if name == EVENT {
                    let event = UsageEvent::from_line(&value);
                    self.events
                        .extend(event.unwrap_or_else(|error| panic!("{error}: {value}")));
                }
            }
            Effect::Log(_, text) => without_key(text.as_bytes()),
            _ => {}
        }
    }
}

fn header(name: &str, value: &str) {
    without_key(value.as_bytes());
    assert!(
        !value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)),
        "{name}: {value:?}"
    );
}

fn without_key(text: &[u8]) {
    let key = key();
    let found = text.windows(key.len()).any(|part| part == key.as_bytes());
    assert!(!found, "a key is told: {}", String::from_utf8_lossy(text));
}

fn check(input: &[u8]) {
    let mut sections = input.split(|byte| *byte == SECTION);
    let head = sections.next().unwrap_or_default();
    let body = sections.next().unwrap_or_default();
    let answer = sections.next().unwrap_or_default();
    // Envoy lets no other signs of control in.
    let mut head = String::from_utf8_lossy(head).into_owned();
    head.retain(|letter| letter == '\n' || !letter.is_control());
    let mut lines = head.lines();
    let (method, path) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or_default();
    let mut headers = vec![
        (":method", method.as_bytes()),
        (":path", path.as_bytes()),
        ("x-request-id", b"req-1"),
    ];
    for line in lines {
        if let Some((name, value)) = line.split_once(": ") {
            headers.push((name, value.as_bytes()));
        }
    }
    let mut gateway = Gateway::start();
    let begun = gateway.step(Input::RequestHeaders {
        headers: Headers(&headers),
        attributes: &[],
        end: body.is_empty(),
    });
    let decided = match begun {
        Verdict::Wait => {
            let grown = gateway.step(Input::RequestBodyGrows {
                received: body.len(),
            });
            match grown {
                Verdict::Wait | Verdict::Continue => gateway.step(Input::RequestBody { body }),
                Verdict::Reply(_) => grown,
            }
        }
        other => other,
    };
    if decided == Verdict::Continue {
        let (status, kind) = answer.split_at_checked(3).unwrap_or((b"200", b""));
        let status = str::from_utf8(status)
            .ok()
            .and_then(|status| status.parse().ok())
            .unwrap_or(200);
        gateway.step(Input::ResponseHeaders {
            status,
            content_type: kind.trim_ascii(),
            content_encoding: b"",
            details: b"",
            end: false,
        });
        for chunk in sections {
            gateway.step(Input::ResponseBody { chunk, end: false });
        }
        gateway.step(Input::ResponseBody {
            chunk: b"",
            end: true,
        });
    }
    gateway.step(Input::Closed);
    gateway.worker.end_grants(&mut gateway.store, NOW);
    assert!(gateway.events.len() <= 1, "a call has one event");
    let cost: i64 = gateway.events.iter().map(|event| event.cost.nanos()).sum();
    assert!(cost >= 0, "{cost}");
    for record in gateway.store.records() {
        assert_eq!(record.in_flight.total(), 0, "nothing is in flight any more");
        assert_eq!(record.books.held.total(), 0, "nothing is held any more");
        assert!(
            [0, cost].contains(&record.books.month_spent),
            "{} of {cost}",
            record.books.month_spent
        );
        assert!(
            [0, cost].contains(&record.books.day_spent),
            "{} of {cost}",
            record.books.day_spent
        );
    }
}

fn seeds() -> anyhow::Result<Vec<Vec<u8>>> {
    let paths = [
        "/v1/chat/completions?beta=1",
        "/v1/messages",
        "/v1/responses",
        "/v1/models/small:generateContent?alt=sse",
    ];
    let answers = corpus::answers()?;
    let mut seeds = Vec::new();
    for (number, (kind, body)) in corpus::requests()?.into_iter().enumerate() {
        let path = paths.get(kind).copied().unwrap_or_default();
        let credential = match kind {
            1 => "x-api-key: KEY",
            3 => "x-goog-api-key: KEY",
            _ => "authorization: Bearer KEY",
        };
        let credential = credential.replace("KEY", &key());
        let head = format!(
            "POST {path}\n{credential}\ncontent-type: application/json\nx-user: ann\nuser-agent: sdk/1"
        );
        let (name, answer) = &answers[number % answers.len()];
        let answer_head = match name.ends_with(".json") {
            true => "200application/json",
            false => "200text/event-stream",
        };
        let half = answer.len() / 2;
        let sections: [&[u8]; 5] = [
            head.as_bytes(),
            &body,
            answer_head.as_bytes(),
            &answer[..half],
            &answer[half..],
        ];
        seeds.push(sections.join(&SECTION));
    }
    let pass = format!(
        "POST /v1/files/abc?key={}\nx-namespace: n\nx-reservation-id: r",
        key()
    );
    seeds.push(
        [
            pass.as_bytes(),
            b"bytes",
            b"200application/json",
            b"{\"id\":\"file-1\"}",
        ]
        .join(&SECTION),
    );
    seeds.push(
        format!(
            "GET /v1/models\nauthorization: Bearer {}\nx-cost-centre: 4711",
            key()
        )
        .into_bytes(),
    );
    seeds.push(
        [
            format!(
                "POST /v1/v1/messages\nauthorization: Bearer {}\ncontent-encoding: gzip\n\
                 origin: https://app.test",
                key()
            )
            .as_bytes(),
            b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV\xca\xcdOI\xcdQ\xb2R*\xceM\xcc\xc9Q\xd2Q\xcaM-.NLO-V\xb2\x8a\x8e\xad\x05\x00\x00\x00\x00\x00\x1f\x00\x00\x00",
            b"200application/json",
            b"{}",
        ]
        .join(&SECTION),
    );
    seeds.push(
        b"OPTIONS /v1/messages\norigin: https://app.test\naccess-control-request-method: POST\n\
          access-control-request-headers: x-api-key"
            .to_vec(),
    );
    seeds.push(b"POST /v1/chat/completions\nx-forwarded-client-cert: By=a;URI=spiffe://cluster.local/ns/n/sa/b".to_vec());
    Ok(seeds)
}
