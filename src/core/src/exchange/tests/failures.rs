//! What is decided without the service, by what it would have been asked for.

use super::bench::*;
use crate::config::FailureModes;
use crate::exchange::Verdict;
use crate::policy::{FailureMode, KeyPolicy, NamespacePolicy};
use crate::wire::{ResolveAnswer, ResolveRequest};
use core::time::Duration;

/// A gateway that knows its tenant and last heard of the policy so many seconds ago.
fn heard(seconds: u64, modes: &str, mode: FailureMode) -> Bench {
    let (mut bench, key, mut namespace) = Bench::leased("");
    namespace.failure_mode = mode;
    teach(&mut bench, key, namespace);
    bench.worker.policy_heard_at = bench.now;
    bench.worker.config.failure_modes = serde_json::from_str::<FailureModes>(modes).unwrap();
    bench.now = bench.now.plus(Duration::from_secs(seconds));
    bench
}

fn teach(bench: &mut Bench, key: KeyPolicy, namespace: NamespacePolicy) {
    let policy = Bench::standalone("", "").worker.config.policy.unwrap();
    let request = ResolveRequest {
        key: Some(key.digest),
        ..ResolveRequest::default()
    };
    let answer = ResolveAnswer {
        key: Some(key),
        namespaces: vec![namespace],
        catalog: Some(policy.catalog),
        ..ResolveAnswer::default()
    };
    let now = bench.now;
    bench.worker.cache.learn(&request, answer, now);
}

fn counted(bench: &mut Bench, mode: &str) -> u64 {
    let name = format!("paddock_failures_total;ns=n;scope=authentication;reason={mode}");
    bench.counted(&name)
}

#[test]
fn a_policy_that_is_too_old_is_believed_only_where_the_operator_says_so() {
    let (open, closed) = (
        r#"{"authentication":"open"}"#,
        r#"{"authentication":"closed"}"#,
    );
    for (modes, mode, serves) in [
        ("{}", FailureMode::Closed, false),
        ("{}", FailureMode::Open, true),
        (open, FailureMode::Closed, true),
        (closed, FailureMode::Open, false),
    ] {
        let mut bench = heard(61, modes, mode);
        let (_, step) = bench.chat(&body("small", ""));
        let told = if serves { "open" } else { "closed" };
        assert_eq!(counted(&mut bench, told), 1, "{modes} {mode:?}");
        match serves {
            true => assert_eq!(step.verdict, Verdict::Continue),
            false => {
                let reply = reply(step);
                let error = error(&reply);
                assert_eq!(
                    (reply.status, &error["scope"]),
                    (503, &"namespace:n".into())
                );
                assert_eq!(error["code"], "accounting_unavailable");
                let message = error["message"].as_str().unwrap();
                assert!(message.contains("last heard 61 s ago"), "{message}");
            }
        }
    }
}

#[test]
fn a_policy_that_was_just_heard_is_believed() {
    let mut bench = heard(60, "{}", FailureMode::Closed);
    assert_eq!(bench.chat(&body("small", "")).1.verdict, Verdict::Continue);
    assert_eq!(counted(&mut bench, "closed"), 0);
}

#[test]
fn a_policy_of_its_own_has_no_age() {
    let mut bench = Bench::standalone("", "");
    bench.worker.policy_heard_at = bench.now;
    bench.now = bench.now.plus(Duration::from_secs(1_000_000));
    assert_eq!(bench.chat(&body("small", "")).1.verdict, Verdict::Continue);
}
