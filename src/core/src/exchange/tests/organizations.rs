//! The organization above namespace and key: every level must pass.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Question, Step, Verdict};
use crate::money::Money;
use crate::policy::OrganizationPolicy;
use crate::wire::{
    CapPeriod, Lease, LendAnswer, Need, PolicyChanges, ResolveAnswer, ResolveRequest,
};
use crate::worker::apply_lend;
use core::time::Duration;

/// Fields of key, namespace and organization; how many requests pass; the status of the next and
/// the scope that refuses it.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    usize,
    u16,
    &'static str,
);

/// A small request is held at 28 tokens of prompt and 100 of output: $0.001028.
#[test]
fn every_level_must_pass_and_the_one_that_does_not_is_named() {
    let table: [Row; 10] = [
        ("", "", "", 9, 0, ""),
        ("", "", r#","burst":1"#, 9, 0, ""),
        (
            "",
            "",
            r#","rate_limit_per_minute":2"#,
            2,
            429,
            "organization:o",
        ),
        (
            "",
            "",
            r#","tokens_per_minute":1"#,
            1,
            429,
            "organization:o",
        ),
        ("", "", r#","max_concurrency":3"#, 3, 429, "organization:o"),
        (
            "",
            "",
            r#","monthly_quota_usd":0.0025"#,
            2,
            402,
            "organization:o",
        ),
        (
            "",
            "",
            r#","daily_quota_usd":0.0025"#,
            2,
            402,
            "organization:o",
        ),
        (
            r#","max_concurrency":1"#,
            r#","max_concurrency":2"#,
            r#","max_concurrency":3"#,
            1,
            429,
            "key:k",
        ),
        (
            "",
            r#","monthly_quota_usd":0.0015"#,
            r#","monthly_quota_usd":0.0025"#,
            1,
            402,
            "namespace:n",
        ),
        // Waiting does not cure a cap, so it outweighs a rate.
        (
            r#","rate_limit_per_minute":1"#,
            "",
            r#","daily_quota_usd":0.0015"#,
            1,
            402,
            "organization:o",
        ),
    ];
    for (row, (key, namespace, organization, passed, status, scope)) in
        table.into_iter().enumerate()
    {
        let mut bench = Bench::of_organization(key, namespace, organization);
        let held: Vec<Exchange> = (0..passed)
            .map(|_| {
                let (exchange, step) = bench.chat(&body("small", ""));
                assert_eq!(step.verdict, Verdict::Continue, "row {row}");
                exchange
            })
            .collect();
        if status > 0 {
            let call = bench.chat(&body("small", ""));
            let reply = reply(bench.waited(call));
            assert_eq!(reply.status, status, "row {row}");
            assert_eq!(error(&reply)["scope"], scope, "row {row}");
            if organization.contains("daily") {
                let message = error(&reply)["message"].clone();
                let message = message.as_str().unwrap();
                assert!(message.contains("Daily budget exhausted"), "row {row}");
            }
        }
        drop(held);
    }
}

#[test]
fn namespaces_share_their_organizations_limits() {
    let mut bench = Bench::of_organization("", "", r#","rate_limit_per_minute":2"#);
    assert_eq!(bench.chat(&body("small", "")).1.verdict, Verdict::Continue);
    let of_other = headers(CHAT, "sk-admin", &[("x-namespace", "m")]);
    let send = |bench: &mut Bench| {
        let mut exchange = Exchange::default();
        bench.send(&mut exchange, &of_other, &body("small", ""))
    };
    assert_eq!(send(&mut bench).verdict, Verdict::Continue);
    let refused = reply(send(&mut bench));
    assert_eq!(refused.status, 429);
    assert_eq!(error(&refused)["scope"], "organization:o");
    assert_eq!(
        header(&refused, "x-ratelimit-limit-requests"),
        Some("2"),
        "rates are told of the tightest level"
    );
    assert_eq!(reply(bench.chat(&body("small", "")).1).status, 429);
}

#[test]
fn an_organization_nobody_limits_has_no_record() {
    let mut bench = Bench::of_organization(r#","max_concurrency":5"#, "", r#","burst":5"#);
    let (mut exchange, _) = bench.chat(&body("small", ""));
    bench.step(&mut exchange, Input::Closed);
    let written: Vec<&String> = bench.store.values.keys().collect();
    assert_eq!(written, ["scope/key:k"]);
}

fn question(step: &Step) -> &Question {
    let mut asked = step.effects.iter().filter_map(|effect| match effect {
        Effect::Ask(question) => Some(question),
        _ => None,
    });
    asked.next().expect("a question")
}

fn capped(name: &str) -> OrganizationPolicy {
    let mut policy = OrganizationPolicy::unlimited(name);
    policy.limits.monthly_quota = Money::from_dollars(5.0);
    policy
}

/// A gateway with a service, and a chat that waits for it to say who the caller is.
fn asking() -> (Bench, Exchange, ResolveRequest, ResolveAnswer) {
    let (mut bench, key, namespace) = Bench::leased(r#","monthly_quota_usd":1"#);
    let catalog = Bench::standalone("", "").worker.cache.catalog().cloned();
    let (exchange, step) = bench.chat(&body("small", ""));
    let Question::Resolve(request) = question(&step).clone() else {
        panic!("{step:?}");
    };
    let answer = ResolveAnswer {
        revision: 1,
        key: Some(key),
        namespaces: vec![namespace],
        organizations: vec![capped("o")],
        catalog: catalog.map(|catalog| catalog.as_ref().clone()),
        ..ResolveAnswer::default()
    };
    (bench, exchange, request, answer)
}

fn needs(step: &Step) -> Vec<Need> {
    match question(step) {
        Question::Lend(needs) => needs.clone(),
        other => panic!("{other:?}"),
    }
}

fn lend(bench: &mut Bench, needs: &[Need]) {
    let expires_at = bench.now.plus(Duration::from_secs(30));
    let lease = |(id, need): (i64, &Need)| Lease {
        scope: need.scope.clone(),
        id,
        lent: need.amount,
        expires_at,
        period_ends_at: expires_at,
        period: CapPeriod::Monthly,
        resets_at: None,
        remaining: need.amount,
        hold_at_most: None,
        spent: Money::ZERO,
        used_percent: 0,
        short: false,
    };
    let leases = (1..).zip(needs).map(lease).collect();
    let now = bench.now;
    apply_lend(
        &mut bench.store,
        needs,
        &LendAnswer {
            leases,
            shares: None,
        },
        now,
        now,
    );
}

#[test]
fn an_organizations_money_is_borrowed_and_booked_with_its_namespaces() {
    let (mut bench, mut exchange, request, answer) = asking();
    let now = bench.now;
    bench.worker.cache.learn(&request, answer, now);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    let needs = needs(&step);
    let scopes: Vec<&str> = needs.iter().map(|need| need.scope.as_str()).collect();
    assert_eq!(
        scopes,
        ["namespace:n", "organization:o"],
        "asked for at once"
    );
    lend(&mut bench, &needs);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    assert_eq!(step.verdict, Verdict::Continue);
    let done = bench.step(&mut exchange, Input::Closed);
    assert_eq!(event(&[done]).leases, [1, 2]);
    assert_eq!(bench.record("organization:o").slice.held.total(), 0);
}

#[test]
fn a_limit_set_later_holds_from_the_change_on() {
    let (mut bench, mut exchange, request, mut answer) = asking();
    answer.organizations = Vec::new();
    answer.namespaces[0].limits = Default::default();
    let now = bench.now;
    bench.worker.cache.learn(&request, answer, now);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    assert_eq!(step.verdict, Verdict::Continue, "nothing is limited");
    bench.worker.cache.apply(PolicyChanges {
        revision: 2,
        organizations: vec![capped("o")],
        ..PolicyChanges::default()
    });
    let (_, step) = bench.chat(&body("small", ""));
    assert_eq!(needs(&step)[0].scope, "organization:o");
}

#[test]
fn an_organization_is_held_to_its_models_whatever_its_namespaces_list() {
    let (mut bench, mut exchange, request, mut answer) = asking();
    let small = || Some(vec!["small".to_owned()]);
    answer.namespaces[0].limits = Default::default();
    answer.namespaces[0].allowed_models = small();
    answer.organizations = vec![OrganizationPolicy {
        allowed_models: small(),
        ..OrganizationPolicy::unlimited("o")
    }];
    let now = bench.now;
    bench.worker.cache.learn(&request, answer, now);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    assert_eq!(step.verdict, Verdict::Continue, "both list it");
    bench.worker.cache.apply(PolicyChanges {
        revision: 2,
        organizations: vec![OrganizationPolicy {
            allowed_models: Some(vec!["another".to_owned()]),
            ..OrganizationPolicy::unlimited("o")
        }],
        ..PolicyChanges::default()
    });
    let refused = reply(bench.chat(&body("small", "")).1);
    assert_eq!(refused.status, 403);
    assert_eq!(error(&refused)["code"], "model_not_allowed");
    assert_eq!(error(&refused)["scope"], "organization:o");
}

#[test]
fn an_organization_that_is_not_in_memory_is_asked_for_with_its_namespace() {
    let (mut bench, mut exchange, request, answer) = asking();
    let now = bench.now;
    bench.worker.cache.learn(&request, answer.clone(), now);
    bench.worker.cache.apply(PolicyChanges {
        revision: 1,
        removed_organizations: vec!["o".to_owned()],
        ..PolicyChanges::default()
    });
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    let Question::Resolve(again) = question(&step).clone() else {
        panic!("{step:?}");
    };
    assert_eq!(again.namespace.as_deref(), Some("n"));
    bench.worker.cache.learn(&again, answer, now);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    assert_eq!(needs(&step).len(), 2);
}
