//! What a scope has used up.

use super::{lasting, nothing_arrived};
use crate::client::{Answer, Connection};
use crate::gateway::ledger::cost;
use crate::gateway::{Gateway, eventually};
use serde_json::json;

/// A refusal that waiting cures, after so many seconds as it says.
#[track_caller]
fn passing(answer: Answer, kind: &str) -> Answer {
    let answer = answer.expect(429).without("x-should-retry");
    let wait = answer
        .header("retry-after")
        .and_then(|wait| wait.parse::<u64>().ok());
    assert!(
        wait.is_some_and(|wait| (1..=60).contains(&wait)),
        "retry-after:\n{answer}"
    );
    answer
        .says("/error/code", "rate_limit_exceeded")
        .says("/error/type", kind)
}

#[test]
fn requests_a_minute() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("rpm", json!({"rate_limits": {"rpm": 10, "burst": 2}}));
    let first = gateway.send(&tenant.chat()).expect(200);
    let first = first.with("x-ratelimit-limit-requests", "10");
    first.with("x-ratelimit-remaining-requests", "1");
    gateway
        .send(&tenant.chat())
        .expect(200)
        .with("x-ratelimit-remaining-requests", "0");
    let third = passing(gateway.send(&tenant.chat()), "requests");
    let third = third.says("/error/scope", tenant.key_scope());
    let third = third.with("x-ratelimit-remaining-requests", "0");
    assert!(
        third.header("x-ratelimit-reset-requests").is_some(),
        "{third}"
    );
    third.mentions("/error/message", "over its limit of 10 requests a minute");
    assert_eq!(gateway.seen(&tenant).len(), 2);
    gateway.ledger(&tenant, 2);
}

#[test]
fn a_namespaces_rate_holds_for_all_of_its_keys() {
    let gateway = Gateway::shared();
    let limits = json!({"rate_limit_per_minute": 10, "burst": 2});
    let one = gateway.namespace("shared-rate", limits);
    let other = gateway.tenant("sibling", json!({"namespace": one.namespace}));
    gateway.send(&one.chat()).expect(200);
    gateway.send(&other.chat()).expect(200);
    let answer = passing(gateway.send(&one.chat()), "requests");
    answer.says("/error/scope", one.namespace_scope());
    passing(gateway.send(&other.chat()), "requests");
}

#[test]
fn tokens_a_minute() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("tpm", json!({"rate_limits": {"tpm": 100}}));
    // Three tokens in and eighty out. What is left is less than the fewest that any call is charged.
    let call = tenant.chat_with(json!({"max_tokens": 90}));
    let long = call.clone().fake("completion-tokens", 80);
    let first = gateway.send(&long).expect(200);
    let first = first.with("x-ratelimit-limit-tokens", "100");
    assert!(
        first.header("x-ratelimit-reset-tokens").is_some(),
        "{first}"
    );
    let answer = passing(gateway.send(&call), "tokens");
    let answer = answer.says("/error/scope", tenant.key_scope());
    answer.mentions("/error/message", "over its limit of 100 tokens a minute");
    assert_eq!(gateway.seen(&tenant).len(), 1);
}

#[test]
fn requests_at_once() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("at-once", json!({"max_concurrency": 1}));
    let mut first = Connection::open(gateway.address);
    first.ask(&tenant.chat().fake("latency-ms", 60_000));
    eventually("the first is at the provider", || {
        (gateway.seen(&tenant).len() == 1).then_some(())
    });
    let answer = passing(gateway.send(&tenant.chat()), "rate_limit_error");
    let answer = answer.says("/error/scope", tenant.key_scope());
    answer.mentions(
        "/error/message",
        "over its limit of 1 requests in flight at once",
    );
    drop(first);
    eventually("its place is free", || {
        (gateway.send(&tenant.chat()).status == 200).then_some(())
    });
}

#[test]
fn a_monthly_budget() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("monthly", json!({"monthly_quota_usd": 0.01}));
    let dear = tenant.chat_with(json!({"max_tokens": 100_000}));
    let answer = lasting(gateway.send(&dear), 402, "budget_exceeded");
    let answer = answer.says("/error/scope", tenant.key_scope());
    let answer = answer
        .says("/error/remaining", 0.01)
        .says("/remaining", 0.01);
    let answer = answer.mentions("/error/message", "Monthly budget exhausted");
    let resets_at = answer.json()["resets_at"].as_str().unwrap().to_owned();
    assert!(resets_at.ends_with("-01T00:00:00Z"), "{answer}");
    assert!(
        answer.header("x-ratelimit-limit-requests").is_some(),
        "{answer}"
    );
    nothing_arrived(gateway, &tenant);
    // What fits is served, and is missing from the remainder at once.
    gateway
        .send(&tenant.chat_with(json!({"max_tokens": 16})))
        .expect(200);
    let answer = lasting(gateway.send(&dear), 402, "budget_exceeded");
    let expected = 0.01 - cost(3, 16) as f64 / 1e9;
    let remaining = answer.json()["remaining"].as_f64().unwrap();
    assert!((remaining - expected).abs() < 1e-9, "{answer}");
}

#[test]
fn a_daily_budget() {
    let gateway = Gateway::shared();
    let limits = json!({"daily_quota_usd": 0.01, "monthly_quota_usd": 1.0});
    let tenant = gateway.namespace("daily", limits);
    let dear = tenant.chat_with(json!({"max_tokens": 100_000}));
    let answer = lasting(gateway.send(&dear), 402, "budget_exceeded");
    let answer = answer.says("/error/scope", tenant.namespace_scope());
    let answer = answer.mentions("/error/message", "Daily budget exhausted");
    let resets_at = answer.json()["resets_at"].as_str().unwrap().to_owned();
    assert!(resets_at.ends_with("T00:00:00Z"), "{answer}");
    nothing_arrived(gateway, &tenant);
}

#[test]
fn one_tenants_limits_are_nothing_to_another() {
    let gateway = Gateway::shared();
    let burnt = gateway.tenant("burnt", json!({"rate_limits": {"rpm": 10, "burst": 1}}));
    let other = gateway.tenant("untouched", json!({"rate_limits": {"rpm": 10}}));
    eventually("the first is refused", || {
        (gateway.send(&burnt.chat()).status == 429).then_some(())
    });
    let answer = gateway.send(&other.chat()).expect(200);
    answer.with("x-ratelimit-remaining-requests", "9");
}
