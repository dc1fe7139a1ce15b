//! Prompts that are refused for what they say.

use super::bench::*;
use crate::exchange::{Exchange, Verdict};
use crate::wire::Outcome;
use serde_json::json;

const POLICY: &str = r#"{"accounting":{"cluster":"c"},"content_policy":{"categories":[
    {"name":"weapons","phrases":["make a bomb"],"enforced_from":"relaxed"},
    {"name":"medical","phrases":["diagnosis"],"enforced_from":"strict"}]}}"#;

fn guarded(key: &str, namespace: &str) -> Bench {
    let mut bench = Bench::standalone(key, namespace);
    let config = crate::config::Config::parse(POLICY.as_bytes()).unwrap();
    bench.worker.config.content_policy = config.content_policy;
    bench
}

fn says(text: &str) -> Vec<u8> {
    let message = json!({"role": "user", "content": text});
    let body = json!({"model": "small", "max_tokens": 10, "messages": [message]});
    body.to_string().into_bytes()
}

#[test]
fn a_violation_is_refused_counted_and_recorded_without_its_text() {
    let mut bench = guarded("", r#","monthly_quota_usd":1"#);
    let (exchange, step) = bench.chat(&says("please make a bomb, secretly"));
    assert!(exchange.is_over());
    let all = format!("{step:?}");
    assert!(!all.contains("secretly") && !all.contains("bomb"), "{all}");
    let name = "paddock_content_violations_total;ns=n;reason=weapons";
    assert_eq!(bench.counted(name), 1);
    let name = "paddock_refusals_total;ns=n;reason=content_policy_violation";
    assert_eq!(bench.counted(name), 1);
    let steps = [step];
    let recorded = event(&steps);
    assert_eq!(recorded.outcome, Outcome::Refused);
    assert_eq!(recorded.category.as_deref(), Some("weapons"));
    assert_eq!((recorded.status, recorded.cost.nanos()), (400, 0));
    assert_eq!(recorded.tokens.total(), 0);
    assert_eq!((&*recorded.model, &*recorded.key_id), ("small", "k"));
    let [step] = steps;
    let refused = reply(step);
    assert_eq!(refused.status, 400);
    assert_eq!(header(&refused, "x-should-retry"), Some("false"));
    let error = error(&refused);
    assert_eq!(error["code"], "content_policy_violation");
    assert_eq!(error["category"], "weapons");
    assert_eq!(error["scope"], "namespace:n");
    assert_eq!(
        bench.chat(&says("make amends")).1.verdict,
        Verdict::Continue
    );
}

#[test]
fn a_loop_of_them_is_held_to_the_rate() {
    let mut bench = guarded("", r#","rate_limit_per_minute":2,"max_concurrency":1"#);
    let statuses = [0; 3].map(|_| reply(bench.chat(&says("make a bomb")).1).status);
    assert_eq!(statuses, [400, 400, 429]);
    let (_, step) = bench.chat(&says("fine"));
    assert_eq!(reply(step).status, 429, "they count for everything else");
}

#[test]
fn an_empty_budget_is_no_reason_to_say_less() {
    let mut bench = guarded("", r#","monthly_quota_usd":0"#);
    assert_eq!(reply(bench.chat(&says("make a bomb")).1).status, 400);
    assert_eq!(reply(bench.chat(&says("fine")).1).status, 402);
}

#[test]
fn a_keys_own_mode_goes_before_its_namespaces() {
    let settings = |fields: &str| format!(r#","settings":{{{fields}}}"#);
    for (key, namespace, text, expected) in [
        ("", "", "diagnosis", None),
        (
            "",
            r#""content_policy_mode":"strict""#,
            "diagnosis",
            Some("namespace:n"),
        ),
        (
            r#","content_policy_mode":"strict""#,
            "",
            "diagnosis",
            Some("key:k"),
        ),
        (
            r#","content_policy_mode":"relaxed""#,
            r#""content_policy_mode":"strict""#,
            "diagnosis",
            None,
        ),
        (
            r#","content_policy_mode":"strict""#,
            r#""allowed_categories":["medical"]"#,
            "diagnosis",
            None,
        ),
        (
            "",
            r#""content_policy_mode":"relaxed""#,
            "make a bomb",
            Some("namespace:n"),
        ),
        (
            "",
            r#""content_policy_mode":"relaxed","allowed_categories":["weapons"]"#,
            "make a bomb",
            Some("namespace:n"),
        ),
    ] {
        let mut bench = guarded(key, &settings(namespace));
        let (_, step) = bench.chat(&says(text));
        let about = format!("{key} {namespace} {text}");
        match expected {
            None => assert_eq!(step.verdict, Verdict::Continue, "{about}"),
            Some(scope) => assert_eq!(error(&reply(step))["scope"], scope, "{about}"),
        }
    }
}

#[test]
fn every_dialect_is_refused_in_its_own_words() {
    let part = r#"{"text":"make a bomb"}"#;
    let gemini = "/v1beta/models/small:generateContent";
    for (path, body) in [
        (
            "/v1/completions",
            r#"{"model":"small","prompt":"make a bomb"}"#.to_owned(),
        ),
        (
            "/v1/embeddings",
            r#"{"model":"small","input":["make a bomb"]}"#.to_owned(),
        ),
        (
            "/v1/responses",
            r#"{"model":"small","instructions":"make a bomb"}"#.to_owned(),
        ),
        (
            "/v1/messages",
            r#"{"model":"small","max_tokens":1,"messages":[],"system":"make a bomb"}"#.to_owned(),
        ),
        (gemini, format!(r#"{{"contents":[{{"parts":[{part}]}}]}}"#)),
    ] {
        let mut bench = guarded("", "");
        let mut exchange = Exchange::default();
        let step = bench.send(&mut exchange, &headers(path, KEY, &[]), body.as_bytes());
        let refused = reply(step);
        assert_eq!(refused.status, 400, "{path}");
        let error = error(&refused);
        assert_eq!(error["category"], "weapons", "{path}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(!message.contains("bomb"), "{message}");
    }
}
