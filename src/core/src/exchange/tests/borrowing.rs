//! Exchanges that wait for the service: who is it, and will you lend.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Question, Step, Verdict};
use crate::money::Money;
use crate::policy::{FailureMode, KeyPolicy, NamespacePolicy};
use crate::timestamp::Timestamp;
use crate::wire::{CapPeriod, Lease, LendAnswer, Need, ResolveAnswer, ResolveRequest};
use crate::worker::apply_lend;
use core::time::Duration;

const CAPPED: &str = r#","monthly_quota_usd":1"#;
const RESETS_AT: Timestamp = Timestamp::from_secs(1_801_440_000);

fn question(step: &Step) -> &Question {
    let mut asked = step.effects.iter().filter_map(|effect| match effect {
        Effect::Ask(question) => Some(question),
        _ => None,
    });
    asked.next().expect("a question")
}

pub(super) fn resolve(step: &Step) -> ResolveRequest {
    match question(step) {
        Question::Resolve(request) => request.clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn needs(step: &Step) -> Vec<Need> {
    match question(step) {
        Question::Lend(needs) => needs.clone(),
        other => panic!("{other:?}"),
    }
}

/// What the service knows, told to the worker.
pub(super) fn teach(
    bench: &mut Bench,
    request: &ResolveRequest,
    key: KeyPolicy,
    namespace: NamespacePolicy,
) {
    let catalog = Bench::standalone("", "")
        .worker
        .cache
        .catalog()
        .unwrap()
        .as_ref()
        .clone();
    let answer = ResolveAnswer {
        revision: 1,
        key: Some(key),
        namespaces: vec![namespace],
        catalog: Some(catalog),
        ..ResolveAnswer::default()
    };
    let now = bench.now;
    bench.worker.cache.learn(request, answer, now);
}

fn lend(bench: &mut Bench, needs: &[Need], lent: i64) {
    let lease = Lease {
        scope: "namespace:n".to_owned(),
        id: 5,
        lent: Money::from_nanos(lent),
        expires_at: bench.now.plus(Duration::from_secs(30)),
        period_ends_at: RESETS_AT,
        period: CapPeriod::Monthly,
        resets_at: None,
        remaining: Money::from_nanos(lent),
        hold_at_most: None,
        spent: Money::ZERO,
        used_percent: 0,
        short: needs.iter().any(|need| need.amount.nanos() > lent),
    };
    let (answer, now) = (
        LendAnswer {
            leases: vec![lease],
            shares: None,
        },
        bench.now,
    );
    apply_lend(&mut bench.store, needs, &answer, now, now);
}

pub(super) fn answered(bench: &mut Bench, exchange: &mut Exchange, reached: bool) -> Step {
    bench.step(exchange, Input::Answered { reached })
}

/// A gateway that knows its tenant, and a chat that waits for money.
fn borrowing(failure_mode: FailureMode) -> (Bench, Exchange, Step) {
    let (mut bench, key, mut namespace) = Bench::leased(CAPPED);
    namespace.failure_mode = failure_mode;
    let (_, step) = bench.chat(&body("small", ""));
    teach(&mut bench, &resolve(&step), key, namespace);
    let (exchange, step) = bench.chat(&body("small", ""));
    assert_eq!(step.verdict, Verdict::Wait);
    (bench, exchange, step)
}

#[test]
fn a_key_seen_first_waits_for_the_service_and_then_for_money() {
    let (mut bench, key, namespace) = Bench::leased(CAPPED);
    let (mut exchange, step) = bench.chat(&body("small", ""));
    assert_eq!(step.verdict, Verdict::Wait);
    teach(&mut bench, &resolve(&step), key, namespace);
    // The body came while it waited: nothing more is needed of the client.
    let step = answered(&mut bench, &mut exchange, true);
    assert_eq!(step.verdict, Verdict::Wait);
    let needs = needs(&step);
    assert_eq!(needs.len(), 1);
    assert_eq!(needs[0].scope, "namespace:n");
    assert!(needs[0].held.is_none());
    lend(&mut bench, &needs, needs[0].amount.nanos());
    let step = answered(&mut bench, &mut exchange, true);
    assert_eq!(step.verdict, Verdict::Continue);
    let done = bench.step(&mut exchange, Input::Closed);
    assert_eq!(event(&[done]).leases, [5]);
    assert_eq!(bench.record("namespace:n").slice.held.total(), 0);
}

#[test]
fn a_key_or_namespace_the_service_does_not_know_is_refused_and_remembered() {
    let (mut bench, key, _) = Bench::leased("");
    let (mut exchange, step) = bench.chat(&body("small", ""));
    let (asked, now) = (resolve(&step), bench.now);
    let nobody = ResolveAnswer {
        revision: 1,
        ..ResolveAnswer::default()
    };
    bench.worker.cache.learn(&asked, nobody.clone(), now);
    assert_eq!(reply(answered(&mut bench, &mut exchange, true)).status, 401);
    assert_eq!(
        reply(bench.chat(&body("small", "")).1).status,
        401,
        "without asking again"
    );

    bench.now = bench.now.plus(Duration::from_secs(6));
    let (mut exchange, step) = bench.chat(&body("small", ""));
    let (asked, now) = (resolve(&step), bench.now);
    let homeless = ResolveAnswer {
        key: Some(key),
        ..nobody.clone()
    };
    bench.worker.cache.learn(&asked, homeless, now);
    let step = answered(&mut bench, &mut exchange, true);
    let asked = resolve(&step);
    assert_eq!(asked.namespace.as_deref(), Some("n"));
    bench.worker.cache.learn(&asked, nobody, now);
    assert_eq!(reply(answered(&mut bench, &mut exchange, true)).status, 403);
}

#[test]
fn where_the_service_is_away_nobody_is_identified() {
    let (mut bench, ..) = Bench::leased("");
    let (mut exchange, _) = bench.chat(&body("small", ""));
    let reply = reply(answered(&mut bench, &mut exchange, false));
    assert_eq!(
        (reply.status, error(&reply)["code"].as_str()),
        (503, Some("accounting_unavailable"))
    );
    assert_eq!(header(&reply, "retry-after"), Some("1"));
}

#[test]
fn where_the_service_is_away_budgets_fail_as_the_operator_chose() {
    let (mut bench, mut exchange, _) = borrowing(FailureMode::Closed);
    let reply = reply(answered(&mut bench, &mut exchange, false));
    assert_eq!(
        (reply.status, error(&reply)["scope"].as_str()),
        (503, Some("namespace:n"))
    );
    let counted = bench.counted("paddock_failures_total;ns=n;scope=budgets;reason=closed");
    assert_eq!(counted, 1);

    let (mut bench, mut exchange, _) = borrowing(FailureMode::Open);
    assert_eq!(
        answered(&mut bench, &mut exchange, false).verdict,
        Verdict::Continue
    );
    let done = bench.step(&mut exchange, Input::Closed);
    assert!(event(&[done]).cost.is_positive(), "booked all the same");
}

#[test]
fn a_slice_in_hand_is_spent_though_the_service_is_away_until_it_expires() {
    let (mut bench, mut exchange, step) = borrowing(FailureMode::Closed);
    let needs = needs(&step);
    lend(&mut bench, &needs, 1_000_000_000);
    assert_eq!(
        answered(&mut bench, &mut exchange, true).verdict,
        Verdict::Continue
    );
    assert_eq!(
        bench.chat(&body("small", "")).1.verdict,
        Verdict::Continue,
        "nobody is asked"
    );
    bench.now = bench.now.plus(Duration::from_secs(30));
    assert_eq!(
        bench.chat(&body("small", "")).1.verdict,
        Verdict::Wait,
        "its lease has expired"
    );
}

#[test]
fn a_lender_that_has_too_little_makes_a_402_with_what_is_left() {
    let (mut bench, mut exchange, step) = borrowing(FailureMode::Open);
    let needs = needs(&step);
    lend(&mut bench, &needs, 1_000);
    let reply = reply(answered(&mut bench, &mut exchange, true));
    let error = error(&reply);
    assert_eq!(
        (reply.status, error["scope"].as_str()),
        (402, Some("namespace:n"))
    );
    assert_eq!(error["remaining"], 0.000_001);
    assert_eq!(error["resets_at"], RESETS_AT.to_rfc3339());
    // For a moment the next ones are refused without asking; a smaller one asks.
    let (_, step) = bench.chat(&body("small", ""));
    assert!(matches!(step.verdict, Verdict::Reply(reply) if reply.status == 402));
    let (_, step) = bench.chat(&body("small", r#","max_tokens":1"#));
    assert_eq!(step.verdict, Verdict::Wait);
    bench.now = bench.now.plus(Duration::from_secs(1));
    assert_eq!(
        bench.chat(&body("small", "")).1.verdict,
        Verdict::Wait,
        "asked anew"
    );
}

#[test]
fn a_follower_asks_again_until_it_gets_its_own_or_gives_up() {
    let (mut bench, mut exchange, step) = borrowing(FailureMode::Closed);
    // Others were faster each time: a slice comes, and is empty.
    let amount = needs(&step)[0].amount.nanos();
    for _ in 0..40 {
        let step = answered(&mut bench, &mut exchange, true);
        assert_eq!(step.verdict, Verdict::Wait);
        assert_eq!(needs(&step)[0].amount.nanos(), amount);
    }
    lend(&mut bench, &needs(&step), amount);
    assert_eq!(
        answered(&mut bench, &mut exchange, true).verdict,
        Verdict::Continue
    );

    let (mut bench, mut exchange, _) = borrowing(FailureMode::Closed);
    let rounds = (0..1_000).find(|_| {
        let step = answered(&mut bench, &mut exchange, true);
        matches!(step.verdict, Verdict::Reply(reply) if reply.status == 402)
    });
    assert!(rounds.is_some(), "it waits forever");
}

#[test]
fn a_scope_the_lender_does_not_know_is_not_asked_for_over_and_over() {
    let (mut bench, mut exchange, step) = borrowing(FailureMode::Closed);
    let now = bench.now;
    apply_lend(
        &mut bench.store,
        &needs(&step),
        &LendAnswer::default(),
        now,
        now,
    );
    let step = answered(&mut bench, &mut exchange, true);
    assert_eq!(reply(step).status, 402);
}
