//! A change is in force at every worker within two seconds of its answer.

use crate::client::{Answer, Call, Connection};
use crate::gateway::{Gateway, Tenant};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What the product promises.
const PROMISE: Duration = Duration::from_secs(2);
/// Enough that every worker has some.
const CONNECTIONS: usize = 12;

/// Connections to every worker, over all of which a call is answered alike.
struct Everywhere {
    connections: Vec<Connection>,
}

impl Everywhere {
    fn open(gateway: &Gateway) -> Everywhere {
        let connections = (0..CONNECTIONS)
            .map(|_| Connection::open(gateway.address))
            .collect();
        Everywhere { connections }
    }

    fn all(&mut self, call: &Call, holds: impl Fn(&Answer) -> bool) -> Result<(), Answer> {
        for connection in &mut self.connections {
            let answer = connection.call(call);
            if !holds(&answer) {
                return Err(answer);
            }
        }
        Ok(())
    }

    /// Makes a change, and waits until it holds everywhere; then it must go on to hold.
    #[track_caller]
    fn in_force(&mut self, change: impl FnOnce(), call: &Call, holds: impl Fn(&Answer) -> bool) {
        assert!(
            self.all(call, |answer| !holds(answer)).is_ok(),
            "it held before"
        );
        change();
        let changed = Instant::now();
        while let Err(answer) = self.all(call, &holds) {
            assert!(
                changed.elapsed() < PROMISE,
                "not in force after {PROMISE:?}:\n{answer}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        if let Err(answer) = self.all(call, &holds) {
            panic!("no more in force:\n{answer}");
        }
    }
}

/// A call that costs neither tokens nor a place in the bucket.
fn models(tenant: &Tenant) -> Call {
    tenant.get("/v1/models")
}

fn status(wanted: u16) -> impl Fn(&Answer) -> bool {
    move |answer| answer.status == wanted
}

fn limit(wanted: &'static str) -> impl Fn(&Answer) -> bool {
    move |answer| answer.header("x-ratelimit-limit-requests").as_deref() == Some(wanted)
}

fn model_ids(answer: &Answer) -> Vec<Value> {
    let list = answer.json();
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["id"].clone())
        .collect()
}

#[test]
fn a_keys_limits() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("limits", json!({"rate_limits": {"rpm": 600}}));
    let mut everywhere = Everywhere::open(gateway);
    let path = format!("{}/limits", tenant.key_path());
    let set = |rpm: u64| drop(gateway.manage("PATCH", &path, Some(&json!({"rpm": rpm}))));
    everywhere.in_force(|| set(10), &models(&tenant), limit("10"));
    everywhere.in_force(|| set(900), &models(&tenant), limit("900"));
}

#[test]
fn a_namespaces_limits_and_models() {
    let gateway = Gateway::shared();
    let tenant = gateway.namespace("whole-team", json!({"rate_limit_per_minute": 600}));
    let path = format!("/v1/namespaces/{}", tenant.namespace);
    let mut everywhere = Everywhere::open(gateway);
    let set = |fields: Value| drop(gateway.manage("PATCH", &path, Some(&fields)));
    let rpm = json!({"rate_limit_per_minute": 30});
    everywhere.in_force(|| set(rpm), &models(&tenant), limit("30"));
    let only = json!({"allowed_models": ["deepseek-v3.2"]});
    let only_one = |answer: &Answer| model_ids(answer) == ["deepseek-v3.2"];
    everywhere.in_force(|| set(only), &models(&tenant), only_one);
    gateway
        .send(&tenant.chat())
        .expect(403)
        .says("/error/code", "model_not_allowed");
}

#[test]
fn what_an_organization_leaves_a_role() {
    let gateway = Gateway::shared();
    let organization = format!("roles-{}", gateway.number());
    let tenant = gateway.namespace("narrowed", json!({"organization": organization}));
    let path = format!("/v1/organizations/{organization}/roles/developer");
    let scope = format!("role:{organization}/developer");
    let mut everywhere = Everywhere::open(gateway);
    let set = |fields: Value| drop(gateway.manage("PUT", &path, Some(&fields)));
    let only = json!({"models": ["deepseek-v3.2"]});
    let only_one = |answer: &Answer| model_ids(answer) == ["deepseek-v3.2"];
    everywhere.in_force(|| set(only), &models(&tenant), only_one);
    gateway
        .send(&tenant.chat())
        .expect(403)
        .says("/error/code", "model_not_allowed")
        .says("/error/scope", scope.as_str());
    let only = json!({"allowed_endpoints": ["embeddings:create"]});
    everywhere.in_force(|| set(only), &models(&tenant), status(403));
    gateway
        .send(&tenant.chat())
        .expect(403)
        .says("/error/code", "endpoint_not_allowed")
        .says("/error/scope", scope.as_str());
    let lift = || drop(gateway.manage("DELETE", &path, None));
    everywhere.in_force(lift, &models(&tenant), status(200));
    gateway.send(&tenant.chat()).expect(200);
    let cap = || set(json!({"monthly_quota_usd": 0}));
    everywhere.in_force(cap, &tenant.chat(), status(402));
    gateway
        .send(&tenant.chat())
        .expect(402)
        .says("/error/scope", tenant.key_scope());
}

#[test]
fn who_is_a_member() {
    let gateway = Gateway::shared();
    let organization = format!("members-{}", gateway.number());
    let team = gateway.namespace("members", json!({"organization": organization}));
    let path = format!("/v1/organizations/{organization}/roles/analyst");
    gateway.manage("PUT", &path, Some(&json!({"models": ["deepseek-v3.2"]})));
    let fields = json!({
        "user_id": "alice", "email": "alice@example.com", "role": "developer",
        "namespace": team.namespace,
    });
    let member = gateway.manage("POST", "/v1/members", Some(&fields));
    let path = format!("/v1/members/{}", member["id"].as_str().unwrap());
    let key = json!({"namespace": team.namespace, "user_id": "alice"});
    let hers = gateway.tenant("hers", key);
    let mut everywhere = Everywhere::open(gateway);
    let analyst = json!({"role": "analyst"});
    let shrink = || drop(gateway.manage("PATCH", &path, Some(&analyst)));
    let only_one = |answer: &Answer| model_ids(answer) == ["deepseek-v3.2"];
    everywhere.in_force(shrink, &models(&hers), only_one);
    let remove = || drop(gateway.manage("DELETE", &path, None));
    everywhere.in_force(remove, &models(&hers), status(401));
    gateway.send(&team.chat()).expect(200);
}

#[test]
fn a_namespaces_routing() {
    let gateway = Gateway::shared();
    let tenant = gateway.namespace("rerouted", json!({}));
    let path = format!("/v1/namespaces/{}/routing", tenant.namespace);
    let mut everywhere = Everywhere::open(gateway);
    let route = |model: &str| {
        let routing = json!({"name": "all", "fallback_model": model, "rules": []});
        gateway.manage("PUT", &path, Some(&routing));
    };
    let call = tenant.chat_with(json!({"model": "auto"}));
    let served_by = |model: &'static str| {
        move |answer: &Answer| answer.header("x-paddock-model").as_deref() == Some(model)
    };
    everywhere.in_force(|| route("gemini"), &call, served_by("gemini-2.5-flash"));
    everywhere.in_force(|| route("gpt4"), &call, served_by("gpt-4.1"));
    let delete = || drop(gateway.manage("DELETE", &path, None));
    everywhere.in_force(delete, &call, status(404));
}

#[test]
fn a_key_that_is_disabled_enabled_and_deleted() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("switched", json!({}));
    let path = tenant.key_path();
    let mut everywhere = Everywhere::open(gateway);
    let post = |verb: &str| drop(gateway.manage("POST", &format!("{path}/{verb}"), None));
    everywhere.in_force(|| post("disable"), &models(&tenant), status(401));
    everywhere.in_force(|| post("enable"), &models(&tenant), status(200));
    let delete = || drop(gateway.manage("DELETE", &path, None));
    everywhere.in_force(delete, &models(&tenant), status(401));
    let gone = gateway.send(&tenant.chat()).expect(401);
    gone.mentions("/error/message", "not known here");
}

#[test]
fn a_key_that_is_rotated() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("rotated", json!({}));
    gateway.send(&tenant.chat()).expect(200);
    let rotated = gateway.manage(
        "POST",
        &format!("{}/rotate", tenant.key_path()),
        Some(&json!({})),
    );
    let text = rotated
        .pointer("/primary/key")
        .or(rotated.get("primary"))
        .and_then(Value::as_str);
    let secret = text.unwrap_or_else(|| panic!("{rotated:#}")).to_owned();
    assert_ne!(secret, tenant.key);
    let fresh = Tenant {
        key: secret,
        ..tenant.clone()
    };
    // The new secret works at once, everywhere; the old one until it expires.
    let mut everywhere = Everywhere::open(gateway);
    for tenant in [&fresh, &tenant] {
        assert!(everywhere.all(&models(tenant), status(200)).is_ok());
        gateway.send(&tenant.chat()).expect(200);
    }
    for line in gateway.ledger(&tenant, 3) {
        assert_eq!(line.key_id, tenant.id, "both are one key");
    }
    let delete = || drop(gateway.manage("DELETE", &tenant.key_path(), None));
    everywhere.in_force(delete, &models(&tenant), status(401));
    assert!(everywhere.all(&models(&fresh), status(401)).is_ok());
}

#[test]
fn a_namespace_that_is_deleted() {
    let gateway = Gateway::shared();
    let tenant = gateway.namespace("dissolved", json!({}));
    let mut everywhere = Everywhere::open(gateway);
    let key = || drop(gateway.manage("DELETE", &tenant.key_path(), None));
    everywhere.in_force(key, &models(&tenant), status(401));
    let path = format!("/v1/namespaces/{}", tenant.namespace);
    let call = Call::get("/v1/models").key(gateway.admin_key());
    let call = call.header("x-namespace", &tenant.namespace);
    let delete = || drop(gateway.manage("DELETE", &path, None));
    everywhere.in_force(delete, &call, status(403));
}
