//! A prepaid balance: spent to its last call and no further, paid into from outside, and at once there
//! to be spent.

use crate::budget::{call, spend_all};
use crate::client::{Answer, Call};
use crate::gateway::ledger::{cost, sum};
use crate::gateway::{Gateway, Tenant, eventually, within};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paddock_local::StackOptions;
use ring::hmac;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECRET: &str = "an adapter's own secret";
/// What the product promises.
const PROMISE: Duration = Duration::from_secs(2);

/// A stack that takes payments by hook.
fn paying(name: &str) -> Gateway {
    let arguments = ["--credits-hook-secret", SECRET].map(str::to_owned);
    Gateway::lasting(
        name,
        StackOptions {
            service_arguments: arguments.to_vec(),
            ..StackOptions::default()
        },
    )
}

/// What a payment processor's adapter sends, through Envoy and without a key.
fn paid(gateway: &Gateway, tenant: &Tenant, dollars: f64, reference: &str, secret: &str) -> Answer {
    let body = json!({
        "namespace": tenant.namespace, "amount_usd": dollars, "kind": "top_up",
        "reference": reference,
    });
    let (body, now) = (body.to_string(), SystemTime::now());
    let at = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("msg_1.{at}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(tag));
    let call = Call::post("/v1/credits/hook", body)
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signature);
    gateway.send(&call)
}

fn nanos(dollars: &Value) -> i64 {
    (dollars.as_f64().unwrap() * 1e9).round() as i64
}

#[test]
fn a_prepaid_namespace_spends_its_balance_is_refused_topped_up_and_served_again() {
    let gateway = paying("credits");
    let tenant = gateway.namespace("prepaid", json!({"prepaid": true}));
    let refused = gateway.send(&call(&tenant)).expect(402);
    assert_eq!(refused.json()["error"]["scope"], tenant.namespace_scope());
    let first = json!({
        "namespace": tenant.namespace, "amount_usd": 0.03, "kind": "grant", "reference": "welcome",
    });
    gateway.manage("POST", "/v1/credits", Some(&first));
    spend_all(&gateway, std::slice::from_ref(&tenant), 30_000_000);
    let spent = sum(&gateway.lines(&tenant));

    let refused = gateway.send(&call(&tenant)).expect(402);
    let body = refused.json();
    assert_eq!(body["error"]["code"], "budget_exceeded", "{refused}");
    assert_eq!(body["resets_at"], Value::Null, "{refused}");
    assert_eq!(nanos(&body["remaining"]), 30_000_000 - spent, "{refused}");
    let message = body["error"]["message"].as_str().unwrap();
    let scope = tenant.namespace_scope();
    assert!(
        message.starts_with("Prepaid balance exhausted by this request")
            && message.contains(&scope)
            && message.contains("top up the credits"),
        "{refused}"
    );

    paid(&gateway, &tenant, 1.0, "pi_1", "somebody else's secret").expect(401);
    gateway.send(&call(&tenant)).expect(402);
    let made = paid(&gateway, &tenant, 1.0, "pi_1", SECRET).expect(201);
    assert_eq!(made.json()["author"], "credits-hook");
    let served = within(PROMISE, "it is served again", || {
        Some(gateway.send(&call(&tenant))).filter(|answer| answer.status == 200)
    });
    paid(&gateway, &tenant, 1.0, "pi_1", SECRET).expect(201);
    let (input, output) = served.usage();
    let spent = spent + cost(input, output);
    let path = format!("/v1/credits?namespace={}", tenant.namespace);
    let shown = eventually("it is booked", || {
        let shown = gateway.manage("GET", &path, None);
        (nanos(&shown["spent_usd"]) == spent).then_some(shown)
    });
    assert_eq!(nanos(&shown["balance_usd"]), 1_030_000_000 - spent);
    assert_eq!(
        shown["data"].as_array().unwrap().len(),
        2,
        "each payment once"
    );
    let balance = gateway.send(&Call::get("/v1/account/balance").key(&tenant.key));
    assert_eq!(nanos(&balance.json()["balance"]), 1_030_000_000 - spent);
    let (is_right, text) = gateway.verify();
    assert!(is_right, "{text}");
}

#[test]
fn what_becomes_prepaid_while_it_runs_is_held_to_its_balance_within_two_seconds() {
    let gateway = paying("credits-later");
    let tenant = gateway.namespace("later", json!({}));
    gateway.send(&call(&tenant)).expect(200);
    paid(&gateway, &tenant, 0.000_001, "pi_1", SECRET).expect(201);
    within(PROMISE, "the balance holds", || {
        (gateway.send(&call(&tenant)).status == 402).then_some(())
    });
    let off = json!({"prepaid": false});
    let path = format!("/v1/namespaces/{}", tenant.namespace);
    gateway.manage("PATCH", &path, Some(&off));
    within(PROMISE, "it does not any more", || {
        (gateway.send(&call(&tenant)).status == 200).then_some(())
    });
    gateway.settled_ledger(&tenant);
    let (is_right, text) = gateway.verify();
    assert!(is_right, "{text}");
}
