//! Limits that are told and not enforced.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};

/// A chat that is served to its end: what its answer says of limits that it was over.
fn served(bench: &mut Bench) -> Option<String> {
    let (mut exchange, step) = bench.chat(&body("small", ""));
    assert_eq!(step.verdict, Verdict::Continue);
    finish(bench, &mut exchange)
}

fn finish(bench: &mut Bench, exchange: &mut Exchange) -> Option<String> {
    let answer = bench.answer(exchange, 200, "application/json");
    let chunk = br#"{"usage":{"prompt_tokens":10,"completion_tokens":10}}"#;
    bench.step(exchange, Input::ResponseBody { chunk, end: true });
    told(&answer)
}

fn told(step: &Step) -> Option<String> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::SetResponseHeader("x-paddock-over-limit", value) => Some(value.clone()),
        _ => None,
    })
}

fn counted(bench: &mut Bench, level: &str, kind: &str) -> u64 {
    bench.counted(&format!(
        "paddock_over_limit_total;ns=n;scope={level};reason={kind}"
    ))
}

fn soft(limit: &str, kind: &str) -> String {
    format!(r#",{limit},"soft_limits":["{kind}"]"#)
}

#[test]
fn a_soft_limit_is_decided_and_told_and_serves() {
    for (limit, kind) in [
        (r#""rate_limit_per_minute":1"#, "rate_limit_per_minute"),
        (r#""tokens_per_minute":150"#, "tokens_per_minute"),
        (r#""daily_quota_usd":0.0015"#, "quotas"),
        (r#""monthly_quota_usd":0.0015"#, "quotas"),
    ] {
        let limit = soft(limit, kind);
        for (level, [key, namespace, organization]) in [
            ("key", [limit.as_str(), "", ""]),
            ("namespace", ["", limit.as_str(), ""]),
            ("organization", ["", "", limit.as_str()]),
        ] {
            let mut bench = Bench::of_organization(key, namespace, organization);
            let before: Vec<_> = (0..40).map(|_| served(&mut bench)).collect();
            assert_eq!(before[0], None, "{limit}");
            let over = before.iter().flatten().collect::<Vec<_>>();
            let name = match level {
                "key" => "key:k",
                "namespace" => "namespace:n",
                _ => "organization:o",
            };
            assert!(over.len() > 10, "{limit}: {before:?}");
            assert!(over.iter().all(|told| **told == format!("{name} {kind}")));
            assert_eq!(counted(&mut bench, level, kind), over.len() as u64);
        }
    }
}

#[test]
fn a_soft_concurrency_counts_those_that_fit() {
    let mut bench = Bench::standalone("", &soft(r#""max_concurrency":1"#, "max_concurrency"));
    let mut under_way: Vec<_> = (0..3).map(|_| bench.chat(&body("small", ""))).collect();
    let told: Vec<_> = under_way
        .iter_mut()
        .map(|(exchange, step)| {
            assert_eq!(step.verdict, Verdict::Continue);
            finish(&mut bench, exchange)
        })
        .collect();
    let over = Some("namespace:n max_concurrency".to_owned());
    assert_eq!(told, [None, over.clone(), over]);
    assert_eq!(bench.record("namespace:n").in_flight.total(), 0);
    assert_eq!(served(&mut bench), None);
}

#[test]
fn what_is_over_a_soft_limit_takes_nothing_of_it() {
    let namespace = soft(
        r#""rate_limit_per_minute":60,"burst":1"#,
        "rate_limit_per_minute",
    );
    let mut bench = Bench::standalone("", &namespace);
    for _ in 0..50 {
        served(&mut bench);
    }
    bench.now = bench.now.plus(core::time::Duration::from_secs(1));
    assert_eq!(
        served(&mut bench),
        None,
        "as if the others had been refused"
    );
}

#[test]
fn other_limits_are_enforced_beside_it() {
    let namespace = soft(
        r#""rate_limit_per_minute":1,"max_concurrency":1"#,
        "rate_limit_per_minute",
    );
    let mut bench = Bench::standalone("", &namespace);
    served(&mut bench);
    let (mut first, step) = bench.chat(&body("small", ""));
    assert_eq!(step.verdict, Verdict::Continue);
    let refused = reply(bench.chat(&body("small", "")).1);
    let message = error(&refused)["message"].to_string();
    assert!(
        refused.status == 429 && message.contains("in flight"),
        "{message}"
    );
    assert_eq!(
        finish(&mut bench, &mut first),
        Some("namespace:n rate_limit_per_minute".to_owned())
    );
}

#[test]
fn soft_bytes_are_told_at_the_body() {
    let namespace = soft(r#""bytes_per_minute":1048576"#, "bytes_per_minute");
    let mut bench = Bench::standalone("", &namespace);
    bench.worker.config.max_request_bytes = 1_000_000;
    let large = body("small", &format!(r#","x":"{}""#, "x".repeat(100_000)));
    for over in [false, true, true] {
        let (mut exchange, step) = bench.chat(&large);
        assert_eq!(step.verdict, Verdict::Continue);
        let expected = over.then(|| "namespace:n bytes_per_minute".to_owned());
        assert_eq!(finish(&mut bench, &mut exchange), expected);
    }
}

#[test]
fn in_shadow_mode_no_limit_is_enforced() {
    let tight = r#","rate_limit_per_minute":1,"max_concurrency":1,"monthly_quota_usd":0.0002"#;
    let mut bench = Bench::standalone(r#","tokens_per_minute":100"#, tight);
    bench.worker.config.enforce_limits = false;
    let _under_way = bench.chat(&body("small", ""));
    for _ in 0..30 {
        served(&mut bench);
    }
    let told = served(&mut bench).unwrap();
    for part in [
        "key:k tokens_per_minute",
        "namespace:n max_concurrency",
        "namespace:n rate_limit_per_minute",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    // What is not a limit refuses as ever.
    let refused = reply(bench.chat(&body("nobody", "")).1);
    assert_eq!(refused.status, 404);
}
