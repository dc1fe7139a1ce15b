//! End users: told apart by what requests say, limited without being declared.

use super::bench::*;
use crate::cache::Known;
use crate::exchange::{Effect, Exchange, Input, Question, Step, Verdict};
use crate::money::Money;
use crate::wire::{PolicyChanges, ResolveAnswer};
use core::time::Duration;

/// Room for one small request of $0.001028, not for two.
const ONE_EACH: &str = r#","user_monthly_quota_usd":0.0015"#;

fn chat_of(bench: &mut Bench, user: &str) -> (Exchange, Step) {
    bench.chat(&body("small", &format!(r#","user":"{user}""#)))
}

fn refused_scope(bench: &mut Bench, user: &str) -> String {
    let call = chat_of(bench, user);
    let reply = reply(bench.waited(call));
    assert_eq!(reply.status, 402);
    error(&reply)["scope"].as_str().unwrap().to_owned()
}

#[test]
fn each_user_has_the_namespaces_quota_and_is_told_apart_by_three_names() {
    let mut bench = Bench::standalone("", ONE_EACH);
    let in_body = |more: &str| body("small", more);
    let table = [
        (
            headers(CHAT, KEY, &[]),
            in_body(r#","user":"alice""#),
            "alice",
        ),
        (headers(CHAT, KEY, &[("x-user", "bob")]), in_body(""), "bob"),
        (
            headers("/v1/messages", KEY, &[]),
            in_body(r#","max_tokens":100,"metadata":{"user_id":"carol"}"#),
            "carol",
        ),
    ];
    for (headers, body, user) in &table {
        let mut exchange = Exchange::default();
        let step = bench.send(&mut exchange, headers, body);
        assert_eq!(step.verdict, Verdict::Continue, "{user}");
        let mut other = Exchange::default();
        let step = bench.send(&mut other, headers, body);
        assert!(other.is_queued(), "{user} waits for the call in flight");
        assert_eq!(reply(bench.waited((other, step))).status, 402, "{user}");
        let scope = format!("user:n/{user}");
        assert!(bench.record(&scope).books.held.total() > 0, "{user}");
    }
    // Who names nobody is limited by the levels above alone.
    for _ in 0..3 {
        assert_eq!(bench.chat(&body("small", "")).1.verdict, Verdict::Continue);
    }
    assert_eq!(refused_scope(&mut bench, "bob"), "user:n/bob");
}

#[test]
fn a_users_cost_is_booked_and_the_refusal_says_what_is_left() {
    let mut bench = Bench::standalone("", ONE_EACH);
    let (mut exchange, _) = chat_of(&mut bench, "alice");
    bench.answer(&mut exchange, 200, "application/json");
    let chunk = br#"{"usage":{"prompt_tokens":100,"completion_tokens":90}}"#;
    let steps = [
        bench.step(&mut exchange, Input::ResponseBody { chunk, end: true }),
        bench.step(&mut exchange, Input::Closed),
    ];
    let event = event(&steps);
    assert_eq!(
        (event.user.as_deref(), event.user_shared),
        (Some("alice"), false)
    );
    assert_eq!(bench.record("user:n/alice").books.month_spent, 1_000_000);
    let reply = reply(chat_of(&mut bench, "alice").1);
    assert_eq!(error(&reply)["scope"], "user:n/alice");
    assert_eq!(error(&reply)["remaining"], 0.0005);
}

#[test]
fn some_users_have_quotas_of_their_own() {
    let quotas = r#","user_quotas_usd":{"alice":0.0015,"bob":0.0025}"#;
    let mut bench = Bench::standalone("", quotas);
    for (user, passes) in [("alice", 1), ("bob", 2)] {
        for _ in 0..passes {
            assert_eq!(chat_of(&mut bench, user).1.verdict, Verdict::Continue);
        }
        assert_eq!(refused_scope(&mut bench, user), format!("user:n/{user}"));
    }
    for _ in 0..5 {
        assert_eq!(chat_of(&mut bench, "carol").1.verdict, Verdict::Continue);
    }
    assert!(
        !bench.store.values.contains_key("scope/user:n/carol"),
        "nothing limits carol"
    );
}

#[test]
fn users_are_bounded_in_number_and_those_beyond_share_one_cap() {
    let mut bench = Bench::standalone("", ONE_EACH);
    bench.worker.config.max_limited_users = 6;
    for user in ["a", "b", "c"] {
        assert_eq!(chat_of(&mut bench, user).1.verdict, Verdict::Continue);
        assert_eq!(refused_scope(&mut bench, user), format!("user:n/{user}"));
    }
    // Half of the six: the other half is for other namespaces.
    let (mut exchange, step) = chat_of(&mut bench, "d");
    assert_eq!(step.verdict, Verdict::Continue);
    for n in 0..10 {
        let user = format!("stranger-{n}");
        assert_eq!(refused_scope(&mut bench, &user), "user:n/*");
    }
    bench.answer(&mut exchange, 500, "application/json");
    let done = bench.step(&mut exchange, Input::Closed);
    assert!(event(&[done]).user_shared);
    let users = bench.store.values.keys();
    assert_eq!(
        users.filter(|key| key.starts_with("scope/user:")).count(),
        4
    );
    // The cap they share is let go of by what was not spent of it, once nobody waits for it.
    bench.now = bench.now.plus(Duration::from_millis(300));
    assert_eq!(chat_of(&mut bench, "e").1.verdict, Verdict::Continue);
}

#[test]
fn one_namespace_does_not_take_the_room_of_the_others() {
    let mut bench = Bench::standalone("", ONE_EACH);
    bench.worker.config.max_limited_users = 8;
    for n in 0..50 {
        let _ = chat_of(&mut bench, &format!("stranger-{n}"));
    }
    let of = |bench: &Bench, namespace: &str| {
        let prefix = format!("scope/user:{namespace}/");
        let users = bench.store.values.keys();
        users.filter(|key| key.starts_with(&prefix)).count()
    };
    assert_eq!(of(&bench, "n"), 5, "four and the one they share");
    let Known::Yes(namespace) = bench.worker.cache.namespace("m", NOW) else {
        panic!("m is there");
    };
    let mut policy = namespace.policy.clone();
    policy.user_quotas.monthly_quota = Money::from_dollars(1.0);
    bench.worker.cache.apply(PolicyChanges {
        namespaces: vec![policy],
        ..PolicyChanges::default()
    });
    let headers = headers(CHAT, "sk-admin", &[("x-namespace", "m"), ("x-user", "u")]);
    let step = bench.send(&mut Exchange::default(), &headers, &body("small", ""));
    assert_eq!((step.verdict, of(&bench, "m")), (Verdict::Continue, 1));
}

#[test]
fn a_name_cannot_break_out_of_its_scope() {
    let mut bench = Bench::standalone("", ONE_EACH);
    for user in [r"a\nnamespace:n", "*", r"\u0000"] {
        assert_eq!(chat_of(&mut bench, user).1.verdict, Verdict::Continue);
        let scope = refused_scope(&mut bench, user);
        assert!(scope.starts_with("user:n/sha256:"), "{scope}");
    }
}

#[test]
fn a_users_money_is_borrowed_like_any_other() {
    let (mut bench, key, mut namespace) = Bench::leased("");
    namespace.user_quotas.monthly_quota = Money::from_dollars(1.0);
    let catalog = Bench::standalone("", "").worker.cache.catalog().cloned();
    let (mut exchange, step) = chat_of(&mut bench, "alice");
    let asked = step.effects.into_iter().find_map(|effect| match effect {
        Effect::Ask(Question::Resolve(request)) => Some(request),
        _ => None,
    });
    let answer = ResolveAnswer {
        revision: 1,
        key: Some(key),
        namespaces: vec![namespace],
        catalog: catalog.map(|catalog| catalog.as_ref().clone()),
        ..ResolveAnswer::default()
    };
    let now = bench.now;
    bench.worker.cache.learn(&asked.unwrap(), answer, now);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    let needs = step.effects.into_iter().find_map(|effect| match effect {
        Effect::Ask(Question::Lend(needs)) => Some(needs),
        _ => None,
    });
    let scopes: Vec<String> = needs.unwrap().into_iter().map(|need| need.scope).collect();
    assert_eq!(scopes, ["user:n/alice"]);
}
