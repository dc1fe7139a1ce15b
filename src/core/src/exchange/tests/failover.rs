//! Models that several deployments serve.

use super::bench::*;
use crate::cache::PolicyCache;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use crate::failover::{DeploymentName, cool_down, cools_until};
use crate::fair_share::{UpstreamLimit, room};
use crate::policy::{Deployment, FormatPaths};
use crate::price::Price;
use crate::wire::Outcome;
use std::rc::Rc;

const USAGE: &[u8] = br#"{"usage":{"prompt_tokens":100,"completion_tokens":20}}"#;

/// A gateway whose model `small` is served by `a`, and behind it by `b` at twice the price, with another
/// name, at another path, in Europe.
fn deployed(namespace: &str) -> Bench {
    let mut bench = Bench::standalone("", &format!(r#","monthly_quota_usd":1{namespace}"#));
    let mut policy = bench.worker.config.policy.clone().unwrap();
    policy.catalog.models[0].set_deployments(vec![
        Deployment::new("a".to_owned()),
        Deployment {
            upstream_model: Some("small-eu".to_owned()),
            paths: FormatPaths {
                openai: Some("/openai/v1".to_owned()),
                ..FormatPaths::default()
            },
            priority: 1,
            region: Some("eu".to_owned()),
            price: Some(Price::of(2_000_000_000, 20_000_000_000)),
            ..Deployment::new("b".to_owned())
        },
    ]);
    let (keys, namespaces) = (policy.keys, policy.namespaces);
    let (organizations, catalog) = (policy.organizations, policy.catalog);
    bench.worker.cache = PolicyCache::complete(keys, namespaces, organizations, catalog);
    bench
}

const B: DeploymentName<'_> = DeploymentName {
    upstream: "b",
    model: "small-eu",
};
const A: DeploymentName<'_> = DeploymentName {
    upstream: "a",
    model: "small",
};

fn set<'a>(step: &'a Step, name: &str) -> Option<&'a str> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::SetRequestHeader(set, value) if *set == name => Some(value.as_str()),
        _ => None,
    })
}

/// The event of a call that is answered in that attempt.
fn answered(bench: &mut Bench, exchange: &mut Exchange, made: u64, status: u16) -> Step {
    bench.step(exchange, Input::Attempts { made });
    bench.answer(exchange, status, "application/json");
    let (chunk, end) = (USAGE, true);
    bench.step(exchange, Input::ResponseBody { chunk, end })
}

#[test]
fn all_attempts_are_planned_and_the_dearest_is_held() {
    let mut bench = deployed("");
    let (exchange, mut step) = bench.chat(&body("small", r#","max_tokens":20"#));
    assert_eq!(step.verdict, Verdict::Continue, "{step:?}");
    assert!(exchange.may_fail_over());
    assert_eq!(set(&step, "x-paddock-upstream"), Some("a"));
    assert_eq!(set(&step, "x-envoy-max-retries"), Some("1"));
    assert_eq!(
        set(&step, "x-paddock-deployments"),
        Some(crate::failover::groups_header(["a", "b"]).as_str())
    );
    let held = bench.record("namespace:n").books.held.total();
    assert!(
        held >= 20 * 20_000,
        "{held} is less than b takes for 20 tokens"
    );
    let kept = step.effects.drain(..).find_map(|effect| match effect {
        Effect::KeepAttempts(id, attempts) => Some((id, attempts)),
        _ => None,
    });
    let (id, attempts) = kept.unwrap();
    assert_eq!(id, "req-1");
    let sent = body("small", r#","max_tokens":20"#);
    assert!(attempts.is_as_sent(1) && !attempts.is_as_sent(2));
    assert!(attempts.rewrites_body(2));
    let second = attempts.rewrite(2, Some(&sent)).unwrap();
    assert_eq!(second.path, "/openai/v1/chat/completions");
    assert_eq!(second.body, Some(body("small-eu", r#","max_tokens":20"#)));
    assert_eq!(attempts.rewrite(2, Some(b"no JSON")), None);
    assert_eq!(attempts.rewrite(3, Some(&sent)), None);
}

#[test]
fn the_one_that_served_decides_the_price() {
    for (made, upstream, cost) in [
        (1, "a", 100 * 1_000 + 20 * 10_000),
        (2, "b", 100 * 2_000 + 20 * 20_000),
    ] {
        let mut bench = deployed("");
        let (mut exchange, _) = bench.chat(&body("small", ""));
        let end = answered(&mut bench, &mut exchange, made, 200);
        let event = event(&[end]);
        assert_eq!(event.upstream.as_deref(), Some(upstream));
        assert_eq!((event.attempt, event.cost.nanos()), (made, cost));
        assert_eq!(event.model, "small");
        assert_eq!(bench.record("namespace:n").books.month_spent, cost);
        assert_eq!(bench.record("namespace:n").books.held.total(), 0);
    }
}

#[test]
fn if_all_fail_nothing_is_charged_and_the_last_is_named() {
    let mut bench = deployed("");
    let (mut exchange, _) = bench.chat(&body("small", ""));
    let end = answered(&mut bench, &mut exchange, 2, 503);
    let event = event(&[end]);
    assert_eq!(event.outcome, Outcome::UpstreamError);
    assert_eq!((event.upstream.as_deref(), event.attempt), (Some("b"), 2));
    assert_eq!(event.cost.nanos(), 0);
}

#[test]
fn the_last_attempt_that_envoy_itself_ends_cools_down() {
    let mut bench = deployed("");
    let (mut exchange, _) = bench.chat(&body("small", ""));
    bench.step(&mut exchange, Input::Attempts { made: 2 });
    let input = Input::ResponseHeaders {
        status: 503,
        content_type: b"",
        content_encoding: b"",
        details: b"upstream_reset_before_response_started{connection_termination}",
        end: true,
    };
    bench.step(&mut exchange, input);
    assert!(cools_until(&bench.store, B, NOW).is_some());
    assert_eq!(cools_until(&bench.store, A, NOW), None);
}

#[test]
fn what_cools_down_is_tried_last() {
    let mut bench = deployed("");
    cool_down(&mut bench.store, A, None, NOW);
    let (mut exchange, step) = bench.chat(&body("small", ""));
    assert_eq!(set(&step, "x-paddock-upstream"), Some("b"));
    let end = answered(&mut bench, &mut exchange, 1, 200);
    let event = event(&[end]);
    assert_eq!((event.upstream.as_deref(), event.attempt), (Some("b"), 1));
}

#[test]
fn where_a_limit_is_used_up_the_next_is_tried_first() {
    let mut bench = deployed("");
    bench.worker.config.upstreams = vec![Rc::new(UpstreamLimit {
        name: "a".to_owned(),
        requests_per_minute: Some(1),
        tokens_per_minute: None,
    })];
    let first = |bench: &mut Bench| {
        let (_, step) = bench.chat(&body("small", ""));
        set(&step, "x-paddock-upstream").map(str::to_owned)
    };
    assert_eq!(first(&mut bench).as_deref(), Some("a"));
    for _ in 0..3 {
        assert_eq!(first(&mut bench).as_deref(), Some("b"));
    }
}

#[test]
fn a_region_that_may_not_serve_never_does() {
    let mut bench = deployed(r#","settings":{"allowed_regions":["eu"]}"#);
    let (exchange, step) = bench.chat(&body("small", ""));
    assert_eq!(set(&step, "x-paddock-upstream"), Some("b"));
    assert_eq!(set(&step, "x-paddock-deployments"), None);
    assert!(!exchange.may_fail_over());
    let path = Effect::SetPath("/openai/v1/chat/completions".to_owned());
    assert!(step.effects.contains(&path), "{step:?}");
    // Of this one nobody knows where it is served.
    let refused = reply(bench.chat(&body("large", "")).1);
    assert_eq!(error(&refused)["code"], "model_not_allowed");
    let mut bench = deployed(r#","settings":{"allowed_regions":["us"]}"#);
    let refused = reply(bench.chat(&body("small", "")).1);
    let error = error(&refused);
    assert_eq!(
        (refused.status, error["code"].as_str()),
        (403, Some("model_not_allowed"))
    );
    assert!(error["message"].as_str().unwrap().contains("us"), "{error}");
}

#[test]
fn a_preferred_region_is_tried_first() {
    let mut bench = deployed(r#","settings":{"preferred_regions":["eu"]}"#);
    let (_, step) = bench.chat(&body("small", ""));
    assert_eq!(set(&step, "x-paddock-upstream"), Some("b"));
    let groups = crate::failover::groups_header(["b", "a"]);
    assert_eq!(set(&step, "x-paddock-deployments"), Some(groups.as_str()));
}

#[test]
fn tokens_are_charged_to_the_limit_of_the_one_that_served() {
    let limit = |name: &str| {
        Rc::new(UpstreamLimit {
            name: name.to_owned(),
            requests_per_minute: None,
            tokens_per_minute: Some(1_000),
        })
    };
    let mut bench = deployed("");
    bench.worker.config.upstreams = vec![limit("a"), limit("b")];
    let (mut exchange, _) = bench.chat(&body("small", ""));
    answered(&mut bench, &mut exchange, 2, 200);
    let left = |name: &str| room(&bench.store, &limit(name), bench.worker.terms(), NOW);
    assert_eq!((left("a"), left("b")), (1_000, 880));
}
