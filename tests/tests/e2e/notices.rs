//! What follows from real spending: webhooks are told, alerts throttle and disable.

use crate::gateway::{Gateway, eventually};
use crate::receiver::Listening;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paddock_local::StackOptions;
use ring::hmac;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// One whose service may tell somebody on this machine.
fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| {
        let allow = ("PADDOCK_ALLOW_PRIVATE_WEBHOOKS", "true");
        let options = StackOptions {
            service_environment: vec![(allow.0.to_owned(), allow.1.to_owned())],
            ..StackOptions::default()
        };
        Gateway::lasting("notices", options)
    })
}

#[test]
fn a_webhook_is_told_of_most_of_a_quota_and_can_prove_who_says_so() {
    let gateway = gateway();
    let tenant = gateway.namespace("told", json!({"monthly_quota_usd": 0.0015}));
    let receiver = Listening::start();
    let path = format!("/v1/namespaces/{}/webhooks", tenant.namespace);
    let hook = json!({"events": ["quota_80_percent"], "url": receiver.url});
    let made = gateway.manage("POST", &path, Some(&hook));
    let small = tenant.chat_with(json!({"max_tokens": 16}));
    for _ in 0..9 {
        gateway.send(&small).expect(200);
    }
    let posted = receiver.next();
    let told: Value = serde_json::from_str(&posted.body).unwrap();
    assert_eq!(told["event"], "quota_80_percent", "{told:#}");
    assert_eq!(told["namespace"], tenant.namespace, "{told:#}");
    assert_eq!(told["quota_usd"], 0.0015, "{told:#}");
    let spent = told["spent_usd"].as_f64().unwrap();
    assert!((0.0012..=0.0015).contains(&spent), "{told:#}");

    let secret = made["secret"].as_str().unwrap();
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let (id, at) = (
        posted.header("webhook-id"),
        posted.header("webhook-timestamp"),
    );
    let tag = hmac::sign(&key, format!("{id}.{at}.{}", posted.body).as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(tag));
    assert_eq!(posted.header("webhook-signature"), signature);

    let deliveries = format!(
        "/v1/webhooks/{}/deliveries?status=delivered",
        made["id"].as_str().unwrap()
    );
    eventually("the delivery is known to have arrived", || {
        let found = gateway.manage("GET", &deliveries, None);
        (found["data"].as_array()?.len() == 1).then_some(())
    });
}

#[test]
fn alerts_throttle_a_namespace_and_disable_a_key_at_the_gateway() {
    let gateway = gateway();
    let limits = json!({"monthly_quota_usd": 10.0, "rate_limit_per_minute": 60, "burst": 4});
    let [slow, stopped] = ["slow", "stopped"].map(|name| gateway.namespace(name, limits.clone()));
    let alert = |namespace: &str, fields: Value| {
        let path = format!("/v1/namespaces/{namespace}/alerts");
        gateway.manage("POST", &path, Some(&fields));
    };
    alert(
        &slow.namespace,
        json!({"name": "slow-down", "threshold_pct": 5, "window": "30d", "action": "throttle"}),
    );
    alert(
        &stopped.namespace,
        json!({"name": "stop", "threshold_pct": 5, "window": "30d", "action": "disable_key", "keys": [stopped.id]}),
    );
    // Half a dollar each.
    for tenant in [&slow, &stopped] {
        let dear = tenant.chat_with(json!({"max_tokens": 65_000}));
        let answer = gateway.send(&dear.fake("completion-tokens", 65_000));
        answer.expect(200).without("x-paddock-reason");
    }
    let refused = eventually("the key is disabled", || {
        Some(gateway.send(&stopped.get("/v1/models"))).filter(|answer| answer.status == 401)
    });
    refused.mentions("/error/message", "is disabled");
    let shown = gateway.manage("GET", &stopped.key_path(), None);
    assert_eq!(shown["enabled"], false, "{shown:#}");

    let small = slow.chat_with(json!({"max_tokens": 16}));
    let reason = "throttled";
    eventually("the namespace is throttled", || {
        let answer = gateway.send(&small);
        let told = answer.header("x-paddock-reason");
        (answer.status == 200 && told.as_deref() == Some(reason)).then_some(())
    });
    let refused = eventually("the rest of its rate is refused", || {
        Some(gateway.send(&small)).filter(|answer| answer.status == 429)
    });
    refused
        .says("/error/scope", slow.namespace_scope())
        .mentions("/error/message", "because an alert on its spending says so")
        .mentions("/error/message", "30 of its 60 requests a minute");
}
