//! What the ledger hears of refusals: every one of an identified caller, and never a flood.

use super::bench::*;
use crate::config::Config;
use crate::exchange::{Effect, Exchange, Step, Verdict};
use crate::ids::EventIds;
use crate::wire::{Outcome, UsageEvent};
use core::time::Duration;
use proptest::prelude::*;
use std::collections::HashMap;

/// A gateway with a service, that knows all keys already.
fn bench(key: &str, namespace: &str) -> Bench {
    let mut bench = Bench::standalone(key, namespace);
    let config = Config::parse(br#"{"accounting":{"cluster":"paddock"}}"#).unwrap();
    bench.worker.config.accounting = config.accounting;
    bench
}

fn parsed(json: &[u8]) -> UsageEvent<'static> {
    serde_json::from_slice::<UsageEvent<'_>>(json)
        .unwrap()
        .into_owned()
}

/// The events that a step hands over, its own and others'.
fn handed_over(step: &Step) -> Vec<UsageEvent<'static>> {
    let events = step.effects.iter().filter_map(|effect| match effect {
        Effect::Emit(json) => Some(parsed(json)),
        _ => None,
    });
    events.collect()
}

fn due(bench: &mut Bench) -> Vec<UsageEvent<'static>> {
    let now = bench.now;
    let due = bench.worker.refusals_due(now);
    due.iter().map(|json| parsed(json)).collect()
}

fn wait(bench: &mut Bench, millis: u64) {
    bench.now = bench.now.plus(Duration::from_millis(millis));
}

#[test]
fn a_refusal_is_told_with_all_that_is_known_of_it() {
    let narrow = r#","allowed_models":["tiny"]"#;
    let rows = [
        ("", "", CHAT, "none", "model_not_found", None, "none"),
        (
            narrow,
            "",
            CHAT,
            "huge",
            "model_not_allowed",
            Some("key:k"),
            "huge",
        ),
        (
            r#","role":"viewer""#,
            "",
            CHAT,
            "tiny",
            "endpoint_not_allowed",
            Some("key:k"),
            "",
        ),
        ("", "", "/v1/nothing", "tiny", "not_found", None, ""),
        (
            "",
            "",
            CHAT,
            "auto",
            "model_not_found",
            Some("namespace:n"),
            "auto",
        ),
    ];
    for (key, namespace, path, model, code, scope, served) in rows {
        let mut bench = bench(key, namespace);
        let mut exchange = Exchange::default();
        let more = [("user-agent", "agent"), ("x-forwarded-for", "10.0.0.9")];
        let step = bench.send(&mut exchange, &headers(path, KEY, &more), &body(model, ""));
        let [event] = &handed_over(&step)[..] else {
            panic!("{code}: {step:?}");
        };
        let reply = reply(step);
        assert_eq!(error(&reply)["code"], code);
        assert_eq!(event.status, reply.status, "{code}");
        assert_eq!(event.outcome, Outcome::Refused);
        assert_eq!(event.code.as_deref(), Some(code));
        assert_eq!(event.refused_by.as_deref(), scope, "{code}");
        assert_eq!((&*event.model, event.refusals), (served, 1), "{code}");
        assert_eq!(
            (&*event.key_id, &*event.namespace, &*event.organization),
            ("k", "n", "o")
        );
        assert_eq!((&*event.endpoint, &*event.request_id), (path, "req-1"));
        assert_eq!(
            (&*event.client_address, &*event.user_agent),
            ("10.0.0.9", "agent")
        );
        assert_eq!((event.tokens.total(), event.cost.nanos()), (0, 0));
        assert_eq!((event.started_at, event.duration_ms), (NOW, 0));
    }
}

#[test]
fn a_loop_makes_one_event_a_second_and_every_call_is_in_one() {
    let mut bench = bench(r#","rate_limit_per_minute":1"#, "");
    assert_eq!(bench.chat(&body("tiny", "")).1.verdict, Verdict::Continue);
    let mut told = Vec::new();
    let mut refused = 0;
    for _ in 0..25 {
        for _ in 0..40 {
            let (_, step) = bench.chat(&body("tiny", ""));
            told.extend(handed_over(&step));
            assert_eq!(reply(step).status, 429);
            refused += 1;
        }
        wait(&mut bench, 100);
        told.extend(due(&mut bench));
    }
    let counts: Vec<u64> = told.iter().map(|event| event.refusals).collect();
    assert_eq!(counts, [1, 399, 400], "the rest is not due");
    wait(&mut bench, 600);
    told.extend(due(&mut bench));
    assert_eq!(
        told.iter().map(|event| event.refusals).sum::<u64>(),
        refused
    );
    let last = told.last().unwrap();
    assert_eq!((&*last.model, &*last.requested_model), ("small", "tiny"));
    assert_eq!(last.refused_by.as_deref(), Some("key:k"));
    assert_eq!(last.code.as_deref(), Some("rate_limit_exceeded"));
    // From the first of them to the last, both in hundreds of milliseconds.
    assert_eq!(last.started_at, NOW.plus(Duration::from_millis(2_000)));
    assert_eq!(last.duration_ms, 400);
    let mut ids: Vec<_> = told.iter().map(|event| event.id).collect();
    ids.dedup();
    assert_eq!(ids.len(), told.len());

    // A second without any, and the next is told at once again.
    wait(&mut bench, 1_000);
    assert_eq!(due(&mut bench), []);
    let (_, step) = bench.chat(&body("none", ""));
    assert_eq!(handed_over(&step).len(), 1, "another code");
    wait(&mut bench, 2_000);
    assert_eq!(due(&mut bench), []);
    let (_, step) = bench.chat(&body("none", ""));
    assert_eq!(handed_over(&step).len(), 1);
}

#[test]
fn what_is_not_the_same_of_all_is_said_of_none() {
    let mut bench = bench("", "");
    for model in ["first", "second", "third"] {
        bench.chat(&body(model, ""));
    }
    wait(&mut bench, 1_000);
    let [event] = &due(&mut bench)[..] else {
        panic!("one event");
    };
    assert_eq!(event.refusals, 2);
    assert_eq!((&*event.model, &*event.requested_model), ("", ""));
    assert_eq!(event.request_id, "req-1");
}

#[test]
fn nobody_is_told_of_strangers_or_where_there_is_no_ledger() {
    let mut with_ledger = bench("", "");
    let mut exchange = Exchange::default();
    let strange = headers(CHAT, "sk-bob", &[]);
    let step = with_ledger.send(&mut exchange, &strange, &body("tiny", ""));
    assert_eq!(handed_over(&step), []);
    assert_eq!(reply(step).status, 401);
    let (_, step) = Bench::standalone("", "").chat(&body("none", ""));
    assert_eq!(handed_over(&step), []);
    assert_eq!(reply(step).status, 404);
}

#[test]
fn what_clients_name_is_cut_short() {
    let mut bench = bench("", "");
    let (_, step) = bench.chat(&body(&"m".repeat(1_500), ""));
    let [event] = &handed_over(&step)[..] else {
        panic!("{step:?}");
    };
    assert!(event.model.len() < 300 && event.requested_model.len() < 300);
}

#[test]
fn the_worker_that_ends_tells_what_it_has_counted() {
    let mut bench = bench("", "");
    for _ in 0..5 {
        bench.chat(&body("none", ""));
    }
    let left = bench.worker.refusals_left();
    assert_eq!(left.len(), 1);
    assert_eq!(parsed(&left[0]).refusals, 4);
    assert!(bench.worker.refusals_left().is_empty());
}

#[test]
fn more_callers_than_there_is_room_for_are_all_told() {
    let callers: usize = 5_000;
    let secret = |n: usize| format!("sk-{n}");
    let key = |n: usize| {
        let digest = crate::secret::digest(secret(n).as_bytes()).to_hex();
        format!(r#"{{"id":"k{n}","sha256":"{digest}","namespace":"n"}}"#)
    };
    let keys: Vec<String> = (0..callers).map(key).collect();
    let text = format!(
        r#"{{"policy":{{"keys":[{}],"namespaces":[{{"name":"n"}}],"models":[]}}}}"#,
        keys.join(",")
    );
    let policy = Config::parse(text.as_bytes()).unwrap().policy.unwrap();
    let mut bench = bench("", "");
    bench.worker.cache = crate::cache::PolicyCache::complete(
        policy.keys,
        policy.namespaces,
        policy.organizations,
        policy.catalog,
    );
    let mut told: HashMap<String, u64> = HashMap::new();
    let mut count = |events: Vec<UsageEvent<'_>>| {
        for event in events {
            *told.entry(event.key_id.to_string()).or_default() += event.refusals;
        }
    };
    for round in 0..3 {
        for n in 0..callers {
            // Each twice in a row: one is told and one is counted.
            for _ in 0..2 {
                let mut exchange = Exchange::default();
                let of_it = headers(CHAT, &secret(n), &[]);
                let step = bench.send(&mut exchange, &of_it, &body("none", ""));
                count(handed_over(&step));
            }
        }
        assert_eq!(bench.worker.refusals.len(), 4_096, "round {round}");
    }
    wait(&mut bench, 1_000);
    count(due(&mut bench));
    assert_eq!(told.len(), callers);
    assert!(told.values().all(|refusals| *refusals == 6));
}

proptest! {
    /// Whatever comes when: the counts add up, and of each key, namespace and code there is at most
    /// one event a second.
    #[test]
    fn the_counts_add_up(calls in prop::collection::vec((0_u64..400, 0_usize..4), 1..200)) {
        let mut bench = bench(r#","allowed_models":["tiny"]"#, "");
        let asks = [
            (KEY, "n", "none"), (KEY, "n", "large"), ("sk-admin", "n", "none"),
            ("sk-admin", "m", "none"),
        ];
        let mut counts: HashMap<(String, String, String), u64> = HashMap::new();
        let mut last: HashMap<(String, String, String), u64> = HashMap::new();
        let mut told = |events: Vec<UsageEvent<'_>>, now: u64| {
            for event in events {
                let code = event.code.clone().unwrap_or_default().to_string();
                let kind = (event.key_id.to_string(), event.namespace.to_string(), code);
                *counts.entry(kind.clone()).or_default() += event.refusals;
                if let Some(before) = last.insert(kind, now) {
                    assert!(now - before >= 1_000, "{before} {now}");
                }
            }
        };
        let total = calls.len() as u64;
        for (pause, ask) in calls {
            wait(&mut bench, pause);
            let now = bench.now.millis();
            told(due(&mut bench), now);
            let (key, namespace, model) = asks[ask];
            let mut exchange = Exchange::default();
            let head = headers(CHAT, key, &[("x-namespace", namespace)]);
            let step = bench.send(&mut exchange, &head, &body(model, ""));
            told(handed_over(&step), now);
        }
        wait(&mut bench, 1_000);
        let now = bench.now.millis();
        told(due(&mut bench), now);
        prop_assert_eq!(counts.values().sum::<u64>(), total);
        wait(&mut bench, 1_000);
        due(&mut bench);
        prop_assert_eq!(bench.worker.refusals.len(), 0, "nothing is kept of what is over");
    }
}

#[test]
fn events_of_older_gateways_are_read_and_theirs_read_ours() {
    let id = EventIds::new([1; 6]).next(1);
    let event = UsageEvent::nothing(id, NOW);
    let json = serde_json::to_value(&event).unwrap();
    assert!(json.get("refusals").is_none() && json.get("code").is_none());
    assert_eq!(parsed(json.to_string().as_bytes()), event);
}
