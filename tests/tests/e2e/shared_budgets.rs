//! Budgets that an organization sets for some of its calls: of a model, of a label, of several namespaces.

use crate::client::{Answer, Call, Connection};
use crate::gateway::ledger::cost;
use crate::gateway::{Gateway, Tenant, eventually};
use crate::reservations::pair;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

const CAP: i64 = 20_000_000;

/// An organization with two namespaces, each with a key.
fn organization(gateway: &Gateway) -> (String, [Tenant; 2]) {
    let name = format!("sharing-{}", gateway.number());
    gateway.manage("POST", "/v1/organizations", Some(&json!({ "name": name })));
    let member = |team| gateway.namespace(team, json!({ "organization": name }));
    let members = [member("red"), member("blue")];
    (name, members)
}

/// Sends a call until every worker answers so: the last answer.
fn until(gateway: &Gateway, call: &Call, status: u16) -> Answer {
    eventually("every worker has heard", || {
        let answers: Vec<Answer> = (0..16).map(|_| gateway.send(call)).collect();
        let all = answers.iter().all(|answer| answer.status == status);
        all.then(|| answers.into_iter().next_back()).flatten()
    })
}

fn set(gateway: &Gateway, organization: &str, name: &str, fields: &Value) -> String {
    let path = format!("/v1/organizations/{organization}/budgets/{name}");
    gateway.manage("PUT", &path, Some(fields));
    path
}

fn call(tenant: &Tenant, model: &str) -> Call {
    tenant.chat_with(json!({ "model": model, "max_tokens": 16 }))
}

fn refused_by(answer: &Answer) -> Value {
    answer.json()["error"]["scope"].clone()
}

fn spent(answer: &Answer) -> i64 {
    let (input, output) = answer.usage();
    cost(input, output)
}

#[test]
fn two_namespaces_at_two_gateways_spend_one_budget_of_a_model_to_its_end() {
    let gateways = pair();
    let (organization, members) = organization(gateways[0]);
    let covers = json!({
        "models": ["gpt-4.1"], "namespaces": members.each_ref().map(|tenant| &tenant.namespace),
    });
    let nothing = json!({ "covers": covers, "monthly_quota_usd": 0 });
    let path = set(gateways[0], &organization, "dear", &nothing);
    for gateway in gateways {
        for tenant in &members {
            until(gateway, &call(tenant, "gpt-4.1"), 402);
        }
    }
    let cap = json!({ "covers": covers, "monthly_quota_usd": CAP as f64 / 1e9 });
    set(gateways[0], &organization, "dear", &cap);
    let scope = format!("budget:{organization}/dear");
    let totals = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];
    std::thread::scope(|threads| {
        for client in 0..8 {
            let (gateway, at) = (gateways[client % 2], client / 2 % 2);
            let (tenant, total, scope) = (&members[at], &totals[at], &scope);
            threads.spawn(move || {
                let mut connection = Connection::open(gateway.address);
                let mut has_begun = false;
                loop {
                    let answer = connection.call(&call(tenant, "gpt-4.1"));
                    if answer.status != 402 {
                        has_begun = true;
                        total.lock().unwrap().push(spent(&answer.expect(200)));
                        continue;
                    }
                    assert_eq!(refused_by(&answer), *scope, "{answer}");
                    if has_begun {
                        break;
                    }
                    // It has not heard of the new cap yet.
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
        }
    });
    let [mut red, blue] = totals.map(|total| total.into_inner().unwrap());
    let all = |red: &[i64]| red.iter().chain(&blue).sum::<i64>();
    eventually("the last of it is spent", || {
        let answer = gateways[0].send(&call(&members[0], "gpt-4.1"));
        if answer.status == 200 {
            red.push(spent(&answer));
        }
        (answer.status == 402 && CAP - all(&red) < 500_000).then_some(())
    });
    assert!(all(&red) <= CAP, "{} of {CAP}", all(&red));
    assert!(!red.is_empty() && !blue.is_empty());
    let shown = eventually("all is booked", || {
        let shown = gateways[0].manage("GET", &path, None)["budgets"][0].clone();
        let spent = (shown["spent_usd"].as_f64()? * 1e9).round() as i64;
        (spent == all(&red)).then_some(shown)
    });
    assert_eq!(shown["period"], "monthly");
    // Another model is not covered.
    for (gateway, tenant) in gateways.iter().zip(&members) {
        gateway.send(&call(tenant, "gpt-4.1-mini")).expect(200);
    }
    let (is_right, report) = gateways[0].verify();
    assert!(is_right, "{report}");
}

#[test]
fn a_budget_of_a_label_covers_the_keys_that_have_it_and_a_soft_one_refuses_nothing() {
    let gateway = Gateway::shared();
    let (organization, [plain, _]) = organization(gateway);
    let fields = json!({ "namespace": plain.namespace, "tags": { "app": "search" } });
    let labelled = gateway.tenant("labelled", fields);
    let quota = json!({ "covers": { "tags": ["app:search"] }, "monthly_quota_usd": 0.000_001 });
    let path = set(gateway, &organization, "search", &quota);
    let scope = format!("budget:{organization}/search");
    let refused = until(gateway, &call(&labelled, "gpt-4.1"), 402);
    assert_eq!(refused_by(&refused), scope);
    let message = refused.json()["error"]["message"].clone();
    assert!(message.as_str().unwrap().contains(&scope), "{message}");
    gateway.send(&call(&plain, "gpt-4.1")).expect(200);

    let soft = json!({ "covers": { "tags": ["app:search"] }, "monthly_quota_usd": 0.000_001, "soft": true });
    gateway.manage("PUT", &path, Some(&soft));
    let answer = until(gateway, &call(&labelled, "gpt-4.1"), 200);
    let told = answer.header("x-paddock-over-limit");
    assert_eq!(told, Some(format!("{scope} quotas")));
    gateway.manage("DELETE", &path, None);
    eventually("nothing is told any more", || {
        let answer = gateway.send(&call(&labelled, "gpt-4.1"));
        let is_over = answer.header("x-paddock-over-limit").is_some();
        (answer.status == 200 && !is_over).then_some(())
    });
}
