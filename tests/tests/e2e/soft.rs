//! Limits that are told and not enforced: soft ones, and a gateway in shadow mode.

use crate::client::Answer;
use crate::gateway::ledger::sum;
use crate::gateway::{Gateway, Tenant, eventually};
use paddock_local::StackOptions;
use serde_json::json;

fn over(answer: &Answer) -> Option<String> {
    answer.header("x-paddock-over-limit")
}

fn is_counted(gateway: &Gateway, tenant: &Tenant, level: &str, kind: &str) {
    let labels = [
        format!(r#"ns="{}""#, tenant.namespace),
        format!(r#"scope="{level}""#),
        format!(r#"reason="{kind}""#),
    ];
    eventually("it is counted", || {
        let metrics = gateway.envoy_metrics();
        let is_it = |line: &str| {
            line.starts_with("paddock_over_limit_total{")
                && labels.iter().all(|label| line.contains(label))
        };
        metrics.lines().any(is_it).then_some(())
    });
}

#[test]
fn a_soft_cap_is_told_and_never_refuses_and_all_is_booked() {
    let gateway = Gateway::shared();
    let tenant = gateway.namespace(
        "soft-cap",
        json!({"monthly_quota_usd": 0.0001, "soft_limits": ["quotas"]}),
    );
    let told = format!("namespace:{} quotas", tenant.namespace);
    for _ in 0..3 {
        let call = tenant.chat_with(json!({"max_tokens": 1000}));
        let answer = gateway.send(&call).expect(200);
        assert_eq!(over(&answer).as_ref(), Some(&told), "{answer}");
    }
    is_counted(gateway, &tenant, "namespace", "quotas");
    let lines = gateway.ledger(&tenant, 3);
    let path = format!("/v1/namespaces/{}/usage", tenant.namespace);
    let spent = || gateway.manage("GET", &path, None)["current_month_cost"].as_f64();
    let sum = sum(&lines) as f64 / 1e9;
    eventually("all is booked", || {
        ((spent()? - sum).abs() < 1e-9).then_some(())
    });
}

#[test]
fn a_soft_rate_is_told_beside_a_hard_one() {
    let gateway = Gateway::shared();
    let tenant = gateway.namespace(
        "soft-rate",
        json!({"rate_limit_per_minute": 10, "burst": 1,
            "soft_limits": ["rate_limit_per_minute"], "max_concurrency": 50}),
    );
    let told = format!("namespace:{} rate_limit_per_minute", tenant.namespace);
    let first = gateway.send(&tenant.chat()).expect(200);
    assert_eq!(over(&first), None, "{first}");
    eventually("the second is over", || {
        let answer = gateway.send(&tenant.chat()).expect(200);
        (over(&answer).as_ref() == Some(&told)).then_some(())
    });
    is_counted(gateway, &tenant, "namespace", "rate_limit_per_minute");
    // Enforced from the next change on.
    gateway.manage(
        "PATCH",
        &format!("/v1/namespaces/{}", tenant.namespace),
        Some(&json!({"soft_limits": null})),
    );
    eventually("it is enforced", || {
        (gateway.send(&tenant.chat()).status == 429).then_some(())
    });
}

#[test]
fn a_gateway_in_shadow_mode_refuses_nothing_for_a_limit() {
    let gateway = Gateway::start(StackOptions {
        edit_plugin: Some(Box::new(|plugin| {
            plugin["enforce_limits"] = json!(false);
        })),
        ..StackOptions::default()
    });
    let tenant = gateway.tenant(
        "shadow",
        json!({"monthly_quota_usd": 0, "rate_limit_per_minute": 10, "burst": 1}),
    );
    for _ in 0..3 {
        let answer = gateway.send(&tenant.chat()).expect(200);
        let told = over(&answer).unwrap();
        assert!(told.contains("quotas"), "{told}");
    }
    is_counted(&gateway, &tenant, "key", "quotas");
    gateway
        .send(&tenant.chat_with(json!({"model": "nobody"})))
        .expect(404);
}
