//! End users have caps of their own, without being declared.

use crate::client::Call;
use crate::gateway::ledger::sum;
use crate::gateway::{Gateway, Tenant, eventually};
use serde_json::json;

/// A call of a user's that asks for little.
fn of_user(tenant: &Tenant, user: &str) -> Call {
    tenant.chat_with(json!({"max_tokens": 16, "user": user}))
}

#[test]
fn a_user_is_refused_at_its_cap_and_the_others_are_not() {
    let gateway = Gateway::shared();
    let tenant = gateway.namespace("users", json!({"user_monthly_quota_usd": 0.002}));
    let mut passed = 0;
    let refused = loop {
        let answer = gateway.send(&of_user(&tenant, "alice"));
        if answer.status == 402 {
            break answer;
        }
        answer.expect(200);
        passed += 1;
    };
    assert!(passed > 0);
    let scope = format!("user:{}/alice", tenant.namespace);
    assert_eq!(refused.json()["error"]["scope"], scope, "{refused}");
    let spent = sum(&gateway.ledger(&tenant, passed));
    assert!(spent <= 2_000_000, "{spent}");

    // Others go on, told apart by the header too; so does whoever names nobody.
    let small = json!({"max_tokens": 16});
    let by_header = |user| tenant.chat_with(small.clone()).header("x-user", user);
    gateway.send(&by_header("bob")).expect(200);
    gateway.send(&tenant.chat()).expect(200);
    gateway.send(&by_header("alice")).expect(402);

    // A quota of her own lets her go on.
    let more = json!({"team": tenant.namespace, "user_id": "alice", "monthly_limit_usd": 1});
    gateway.manage("POST", "/v1/team/quotas", Some(&more));
    eventually("her own quota is in force", || {
        (gateway.send(&of_user(&tenant, "alice")).status == 200).then_some(())
    });
}
