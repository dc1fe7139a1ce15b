//! An organization's limits hold for all its namespaces together, beside theirs.

use crate::client::Answer;
use crate::gateway::ledger::sum;
use crate::gateway::{Gateway, Tenant, eventually};
use serde_json::{Value, json};

/// An organization with these limits, and two namespaces in it without any, each with a key.
fn organization(gateway: &Gateway, limits: Value) -> (String, String, [Tenant; 2]) {
    let name = format!("organization-{}", gateway.number());
    let mut fields = limits;
    fields["name"] = json!(name);
    gateway.manage("POST", "/v1/organizations", Some(&fields));
    let member = |team| gateway.namespace(team, json!({"organization": name}));
    let members = [member("red"), member("blue")];
    let path = format!("/v1/organizations/{name}");
    (format!("organization:{name}"), path, members)
}

fn refused_by(answer: &Answer) -> Option<String> {
    answer.json()["error"]["scope"].as_str().map(str::to_owned)
}

#[test]
fn two_namespaces_share_a_rate_and_a_budget() {
    let gateway = Gateway::shared();
    let limits = json!({"rate_limit_per_minute": 10, "monthly_quota_usd": 1});
    let (scope, path, members) = organization(gateway, limits);
    let [red, blue] = &members;
    let mut passed = [0, 0];
    for n in (0..2).cycle() {
        let answer = gateway.send(&members[n].chat());
        if answer.status == 429 {
            assert_eq!(refused_by(&answer).as_ref(), Some(&scope), "{answer}");
            break;
        }
        let limit = answer.expect(200).header("x-ratelimit-limit-requests");
        assert_eq!(limit.as_deref(), Some("10"));
        passed[n] += 1;
    }
    assert!(passed[0] + passed[1] >= 10, "a burst of ten: {passed:?}");

    // Both have spent of one cap, which is lowered to what they spent: nothing is left.
    let spent = sum(&gateway.ledger(red, passed[0])) + sum(&gateway.ledger(blue, passed[1]));
    let cap = json!({"rate_limit_per_minute": null, "monthly_quota_usd": spent as f64 / 1e9});
    gateway.manage("PATCH", &path, Some(&cap));
    for tenant in &members {
        let answer = eventually("the cap is in force", || {
            Some(gateway.send(&tenant.chat())).filter(|answer| answer.status == 402)
        });
        assert_eq!(refused_by(&answer).as_ref(), Some(&scope), "{answer}");
    }

    // Without a limit, nothing holds them any more.
    let none = json!({"monthly_quota_usd": null});
    gateway.manage("PATCH", &path, Some(&none));
    eventually("no limit is in force", || {
        (gateway.send(&blue.chat()).status == 200).then_some(())
    });
}
