//! Budgets of an organization for some of its calls: which calls they cover, and what is said of them.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use crate::money::Money;
use crate::policy::{BudgetPolicy, LimitKind, Limits, OrganizationPolicy};
use crate::wire::PolicyChanges;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Room for one small request of $0.001028, not for two.
fn one(name: &str) -> BudgetPolicy {
    BudgetPolicy {
        name: name.to_owned(),
        limits: Limits {
            monthly_quota: Money::from_dollars(0.0015),
            ..Limits::default()
        },
        ..BudgetPolicy::default()
    }
}

fn with(budgets: Vec<BudgetPolicy>) -> Bench {
    let mut bench = Bench::standalone("", "");
    let organization = OrganizationPolicy {
        budgets,
        ..OrganizationPolicy::unlimited("o")
    };
    bench.worker.cache.apply(PolicyChanges {
        revision: 2,
        organizations: vec![organization],
        ..PolicyChanges::default()
    });
    bench
}

fn chat(bench: &mut Bench, model: &str) -> (Exchange, Step) {
    bench.chat(&body(model, ""))
}

fn end(bench: &mut Bench, mut exchange: Exchange) -> Vec<String> {
    bench.answer(&mut exchange, 200, "application/json");
    let chunk = br#"{"usage":{"prompt_tokens":100,"completion_tokens":90}}"#;
    let steps = [
        bench.step(&mut exchange, Input::ResponseBody { chunk, end: true }),
        bench.step(&mut exchange, Input::Closed),
    ];
    event(&steps).budgets
}

#[test]
fn a_call_is_held_against_each_budget_that_covers_it_and_names_them() {
    let of_model = BudgetPolicy {
        models: texts(&["small"]),
        ..one("of-model")
    };
    let of_others = BudgetPolicy {
        models: texts(&["large"]),
        ..one("of-others")
    };
    let of_namespace = BudgetPolicy {
        namespaces: texts(&["n", "m"]),
        limits: Limits {
            monthly_quota: Money::from_dollars(5.0),
            ..Limits::default()
        },
        ..one("of-namespaces")
    };
    let of_tag = BudgetPolicy {
        tags: texts(&["team:search"]),
        ..one("of-tag")
    };
    let mut bench = with(vec![of_model, of_others, of_namespace, of_tag]);
    let (exchange, step) = chat(&mut bench, "small");
    assert_eq!(step.verdict, Verdict::Continue);
    assert_eq!(end(&mut bench, exchange), ["of-model", "of-namespaces"]);
    assert_eq!(
        bench.record("budget:o/of-model").books.month_spent,
        1_000_000
    );
    assert_eq!(
        bench.record("budget:o/of-namespaces").books.month_spent,
        1_000_000
    );
    let stored = |name: &str| {
        bench
            .store
            .values
            .contains_key(&format!("scope/budget:o/{name}"))
    };
    assert!(!stored("of-others") && !stored("of-tag"));

    let refused = reply(chat(&mut bench, "small").1);
    assert_eq!(refused.status, 402);
    assert_eq!(error(&refused)["scope"], "budget:o/of-model");
    assert_eq!(error(&refused)["remaining"], 0.0005);
    let message = error(&refused)["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("budget:o/of-model has $0.0005 of $0.0015 left"),
        "{message}"
    );
}

#[test]
fn a_budget_of_a_label_covers_keys_and_namespaces_that_have_it() {
    for of_key in [true, false] {
        let of_tag = BudgetPolicy {
            tags: texts(&["team:search"]),
            ..one("search")
        };
        let mut bench = with(vec![of_tag]);
        let now = bench.now;
        let digest = crate::secret::digest(KEY.as_bytes());
        let crate::cache::Known::Yes(key) = bench.worker.cache.key(&digest, now) else {
            panic!("the key is known");
        };
        let crate::cache::Known::Yes(namespace) = bench.worker.cache.namespace("n", now) else {
            panic!("the namespace is known");
        };
        let (mut key, mut namespace) = (key.policy.clone(), namespace.policy.clone());
        let labels = texts(&["beta", "team:search"]);
        match of_key {
            true => key.tags = labels,
            false => namespace.tags = labels,
        }
        bench.worker.cache.apply(PolicyChanges {
            revision: 3,
            keys: vec![key],
            namespaces: vec![namespace],
            ..PolicyChanges::default()
        });
        let (exchange, _) = chat(&mut bench, "small");
        assert_eq!(end(&mut bench, exchange), ["search"]);
        let refused = reply(chat(&mut bench, "small").1);
        assert_eq!(error(&refused)["scope"], "budget:o/search");
    }
}

#[test]
fn a_soft_budget_is_told_and_refuses_nothing() {
    let mut soft = one("soft");
    soft.limits.soft_limits = vec![LimitKind::Quotas];
    let mut bench = with(vec![soft]);
    for over in [false, true, true] {
        let (mut exchange, step) = chat(&mut bench, "small");
        assert_eq!(step.verdict, Verdict::Continue);
        let answered = bench.answer(&mut exchange, 200, "application/json");
        let told = answered.effects.iter().any(|effect| {
            matches!(effect, Effect::SetResponseHeader("x-paddock-over-limit", told) if told == "budget:o/soft quotas")
        });
        assert_eq!(told, over);
        assert_eq!(end(&mut bench, exchange), ["soft"]);
    }
}
