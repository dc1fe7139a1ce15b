//! Tenants that spend a prepaid balance: a cap that only the lender knows.

use super::bench::*;
use crate::exchange::{Effect, Input, Question, Step, Verdict};
use crate::money::Money;
use crate::policy::{NamespacePolicy, OrganizationPolicy};
use crate::timestamp::Timestamp;
use crate::wire::{CapPeriod, Lease, LendAnswer, Need, ResolveAnswer};
use crate::worker::apply_lend;
use core::time::Duration;

/// A gateway that knows its tenant; the namespace and its organization set no quotas.
fn gateway(namespace_prepaid: bool, organization_prepaid: bool) -> Bench {
    let (mut bench, key, mut namespace) = Bench::leased("");
    namespace.prepaid = namespace_prepaid;
    let organization = OrganizationPolicy {
        prepaid: organization_prepaid,
        ..OrganizationPolicy::unlimited(&namespace.organization)
    };
    let (_, step) = bench.chat(&body("small", ""));
    let Some(Question::Resolve(request)) = question(&step) else {
        panic!("{step:?}");
    };
    let catalog = Bench::standalone("", "").worker.cache.catalog().cloned();
    let answer = ResolveAnswer {
        revision: 1,
        key: Some(key),
        namespaces: vec![namespace],
        organizations: vec![organization],
        catalog: catalog.map(|catalog| catalog.as_ref().clone()),
        ..ResolveAnswer::default()
    };
    let (request, now) = (request.clone(), bench.now);
    bench.worker.cache.learn(&request, answer, now);
    bench
}

fn question(step: &Step) -> Option<&Question> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::Ask(question) => Some(question),
        _ => None,
    })
}

fn needs(step: &Step) -> Vec<Need> {
    match question(step) {
        Some(Question::Lend(needs)) => needs.clone(),
        other => panic!("{other:?}"),
    }
}

/// Answers one need out of a balance: all of it, or nothing.
fn lend(bench: &mut Bench, needs: &[Need], balance: i64) {
    let need = &needs[0];
    let short = need.amount.nanos() > balance;
    let lease = Lease {
        scope: need.scope.clone(),
        id: 5,
        lent: if short { Money::ZERO } else { need.amount },
        spent: Money::ZERO,
        expires_at: bench.now.plus(Duration::from_secs(60)),
        period_ends_at: Timestamp::FAR,
        period: CapPeriod::Balance,
        resets_at: None,
        remaining: Money::from_nanos(balance),
        used_percent: 0,
        short,
        hold_at_most: None,
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

#[test]
fn whoever_is_prepaid_borrows_without_any_quota() {
    for (namespace, organization, asked) in [
        (false, false, &[] as &[&str]),
        (true, false, &["namespace:n"]),
        (false, true, &["organization:o"]),
        (true, true, &["namespace:n", "organization:o"]),
    ] {
        let mut bench = gateway(namespace, organization);
        let (_, step) = bench.chat(&body("small", ""));
        if asked.is_empty() {
            assert_eq!(step.verdict, Verdict::Continue);
            continue;
        }
        let needs = needs(&step);
        let scopes: Vec<&str> = needs.iter().map(|need| need.scope.as_str()).collect();
        assert_eq!(scopes, asked);
    }
}

#[test]
fn a_balance_that_does_not_cover_a_request_is_told_with_the_way_out_and_no_reset() {
    let mut bench = gateway(true, false);
    let (mut exchange, step) = bench.chat(&body("small", ""));
    lend(&mut bench, &needs(&step), 7);
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    let Verdict::Reply(reply) = &step.verdict else {
        panic!("{step:?}");
    };
    assert_eq!(reply.status, 402);
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    let error = &body["error"];
    assert_eq!(
        (&error["code"], &error["scope"]),
        (&"budget_exceeded".into(), &"namespace:n".into())
    );
    assert_eq!(body["remaining"], 7e-9);
    assert_eq!(body["resets_at"], serde_json::Value::Null);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("Prepaid balance exhausted by this request: it may cost up to $0.0")
            && message.contains("and namespace:n has $0.000000007 left")
            && message.contains("top up the credits"),
        "{message}"
    );
}

#[test]
fn what_a_balance_covers_is_served_and_booked_under_its_lease() {
    let mut bench = gateway(true, false);
    let (mut exchange, step) = bench.chat(&body("small", ""));
    let needs = needs(&step);
    lend(&mut bench, &needs, needs[0].amount.nanos());
    let step = bench.step(&mut exchange, Input::Answered { reached: true });
    assert_eq!(step.verdict, Verdict::Continue);
    let record = bench.record("namespace:n");
    assert_eq!(
        record.slice.period.get(),
        CapPeriod::Balance,
        "as it is in shared data"
    );
    assert_eq!(record.slice.period_ends_at, Timestamp::FAR);
    let done = bench.step(&mut exchange, Input::Closed);
    assert_eq!(event(&[done]).leases, [5]);
}

#[test]
fn a_policy_that_does_not_say_it_is_not_prepaid_and_does_not_say_so_either() {
    let policy: NamespacePolicy = serde_json::from_str(r#"{"name":"n"}"#).unwrap();
    assert!(!policy.prepaid);
    assert!(!serde_json::to_string(&policy).unwrap().contains("prepaid"));
    let policy: OrganizationPolicy = serde_json::from_str(r#"{"name":"o"}"#).unwrap();
    assert!(!policy.prepaid);
    assert!(!serde_json::to_string(&policy).unwrap().contains("prepaid"));
}
