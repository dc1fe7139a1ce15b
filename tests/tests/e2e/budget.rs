//! The hard cap: never a cent over, and the last dollar can still be spent.

use crate::client::{Answer, Call, Connection};
use crate::gateway::ledger::{INPUT, OUTPUT, cost, sum};
use crate::gateway::{Gateway, Tenant, eventually};
use paddock_core::request::{Endpoint, read_body};
use paddock_core::timestamp::Timestamp;
use serde_json::json;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

const CLIENTS: usize = 32;

pub fn call(tenant: &Tenant) -> Call {
    tenant.chat_with(json!({"max_tokens": 16}))
}

/// What the filter reserves for a call: its highest plausible cost.
fn estimate(call: &Call) -> i64 {
    let request = read_body(&Endpoint::ChatCompletions, &call.body).unwrap();
    let prompt = i64::try_from(request.prompt.ceiling_tokens()).unwrap();
    prompt * INPUT + 16 * OUTPUT
}

/// The cost of an answer by its own usage.
fn answered(answer: &Answer) -> i64 {
    let (input, output) = answer.usage();
    cost(input, output)
}

/// Spends with many clients until each has been refused once, then with one until a refusal can
/// no longer be for want of what others had reserved.
pub fn spend_all(gateway: &Gateway, tenants: &[Tenant], cap: i64) {
    let spent = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (tenant, spent) = (&tenants[client % tenants.len()], &spent);
            scope.spawn(move || {
                let mut connection = Connection::open(gateway.address);
                loop {
                    let answer = connection.call(&call(tenant));
                    if answer.status == 402 {
                        break;
                    }
                    spent.lock().unwrap().push(answered(&answer.expect(200)));
                }
            });
        }
    });
    let mut spent = spent.into_inner().unwrap();
    let estimate = tenants
        .iter()
        .map(|tenant| estimate(&call(tenant)))
        .min()
        .unwrap();
    eventually("the last of the budget is spent", || {
        let answer = gateway.send(&call(&tenants[0]));
        if answer.status == 200 {
            spent.push(answered(&answer));
        }
        let left = cap - spent.iter().sum::<i64>();
        (answer.status == 402 && left < estimate).then_some(())
    });
    // No client ever left with more than the cap between them, and the ledger has it to the
    // nano-dollar.
    let total: i64 = spent.iter().sum();
    assert!(total <= cap, "{total} of {cap} spent");
    assert!(
        cap - total < estimate,
        "{total} of {cap} spent, a request needs {estimate}"
    );
    let lines = gateway.ledger(&tenants[0], spent.len());
    assert_eq!(sum(&lines), total);
    let mut booked: Vec<i64> = lines.iter().map(|line| line.cost).collect();
    booked.sort_unstable();
    spent.sort_unstable();
    assert_eq!(booked, spent);
    // And the refusal says so, once a busy worker has given back what it did not use.
    eventually("the refusal tells what is left", || {
        let answer = gateway.send(&call(&tenants[0])).expect(402);
        let remaining = answer.json()["remaining"].as_f64().unwrap();
        ((remaining * 1e9 - (cap - total) as f64).abs() < 0.5).then_some(())
    });
}

#[test]
fn thirty_two_clients_under_a_keys_cap() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("cap", json!({"monthly_quota_usd": 0.05}));
    spend_all(gateway, &[tenant], 50_000_000);
}

#[test]
fn thirty_two_clients_of_three_keys_under_a_namespaces_cap() {
    let gateway = Gateway::shared();
    let limits = json!({"monthly_quota_usd": 0.03});
    let first = gateway.namespace("team-cap", limits);
    let sibling = |name| gateway.tenant(name, json!({"namespace": first.namespace}));
    let (second, third) = (sibling("second"), sibling("third"));
    spend_all(gateway, &[first, second, third], 30_000_000);
}

#[test]
fn a_change_of_the_cap_lets_requests_go_on() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("raised", json!({"monthly_quota_usd": 0.0}));
    gateway.send(&call(&tenant)).expect(402);
    let more = json!({"monthly_quota_usd": 1.0});
    gateway.manage("PATCH", &tenant.key_path(), Some(&more));
    eventually("the new cap is in force", || {
        (gateway.send(&call(&tenant)).status == 200).then_some(())
    });
}

#[test]
fn a_cap_changed_for_a_while_comes_back_by_itself() {
    let gateway = Gateway::shared();
    let tenant = gateway.namespace("for-a-while", json!({"monthly_quota_usd": 0.0}));
    gateway.send(&call(&tenant)).expect(402);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let path = format!("/v1/namespaces/{}/quota", tenant.namespace);
    let change = json!({
        "monthly_quota_usd": 1.0,
        "quota_override_reason": "launch day",
        "override_expires_at": Timestamp::from_secs(now.as_secs() + 6).to_rfc3339(),
    });
    let made = gateway.manage("PATCH", &path, Some(&change));
    assert_eq!(made["reverts_to"]["monthly_quota_usd"], 0.0);
    eventually("the override is in force", || {
        (gateway.send(&call(&tenant)).status == 200).then_some(())
    });
    let refused = eventually("the override is over", || {
        Some(gateway.send(&call(&tenant))).filter(|answer| answer.status == 402)
    });
    assert_eq!(refused.json()["error"]["scope"], tenant.namespace_scope());
    let shown = gateway.manage("GET", &path, None);
    assert_eq!(shown["monthly_quota_usd"], 0.0);
}
