//! What an adversary once did to others through the gateway, and what becomes of it now.

use crate::client::{Answer, Call, Connection};
use crate::gateway::{Gateway, Tenant, eventually};
use serde_json::{Value, json};
use std::time::Duration;

/// More than Envoy has connections to the management API.
const MANY: usize = 262;

fn role(gateway: &Gateway, tenant: &Tenant, role: &str) -> Tenant {
    let fields = json!({"namespace": tenant.namespace, "role": role});
    gateway.tenant(role, fields)
}

/// A key that manages an organization of its own.
fn admin_of(gateway: &Gateway, organization: &str) -> Tenant {
    let organization = format!("{organization}-{}", gateway.number());
    let home = gateway.namespace("home", json!({"organization": organization}));
    role(gateway, &home, "admin")
}

fn ask(gateway: &Gateway, tenant: &Tenant, method: &str, path: &str, body: &Value) -> Answer {
    let call = Call::new(method, path).key(&tenant.key);
    gateway.send(&call.body(body.to_string()))
}

#[test]
fn one_keys_streams_and_half_bodies_leave_the_management_api_to_the_operator() {
    let gateway = Gateway::shared();
    let home = gateway.namespace("crowded", json!({}));
    let viewer = role(gateway, &home, "viewer");
    let admin = role(gateway, &home, "admin");
    let stream = viewer.get("/v1/usage/stream?granularity=1h");
    let half = Call::new("POST", "/v1/keys").header("content-length", "100");
    let (halves, refused) = (half.clone().key(&admin.key), half.key(&viewer.key));
    let mut open = Vec::new();
    for _ in 0..MANY {
        for call in [&stream, &halves, &refused] {
            let mut connection = Connection::open(gateway.address);
            connection.write(&call.head());
            if call.method == "POST" {
                connection.write(br#"{"name":"#);
            }
            open.push((connection, call));
        }
    }
    let mut statuses = [0; 3];
    for (connection, call) in &mut open {
        let waits =
            std::ptr::eq(*call, &halves) && !connection.hears_within(Duration::from_millis(200));
        if !waits {
            let answer = connection.head(call);
            let at = [200, 429, 403]
                .iter()
                .position(|status| *status == answer.status);
            statuses[at.unwrap_or_else(|| panic!("{answer}"))] += 1;
        }
    }
    // Streams have a place of eight, bodies one of 32; who may not send any is told so at once.
    assert_eq!(statuses, [8, MANY - 8 + MANY - 32, MANY]);
    gateway.manage("GET", "/v1/keys?limit=1", None);
    gateway.manage("POST", &format!("{}/disable", viewer.key_path()), None);
    gateway.send(&home.chat()).expect(200);
    drop(open);
    eventually("places come back", || {
        let answer = gateway.send(&admin.get("/v1/roles"));
        (answer.status == 200).then_some(())
    });
}

#[test]
fn a_deleted_namespaces_usage_is_nobody_elses() {
    let gateway = Gateway::shared();
    let (ours, theirs) = (admin_of(gateway, "ours"), admin_of(gateway, "theirs"));
    let name = format!("reused-{}", gateway.number());
    let namespace = json!({"name": name, "monthly_quota_usd": 10});
    ask(gateway, &ours, "POST", "/v1/namespaces", &namespace).expect(201);
    let old = gateway.tenant("old", json!({"namespace": name}));
    gateway
        .send(&old.chat_with(json!({"user": "secretuser"})))
        .expect(200);
    gateway.ledger(&old, 1);
    let path = format!("/v1/namespaces/{name}");
    gateway
        .send(&Call::new("DELETE", &path).key(&ours.key))
        .expect(200);
    eventually("its keys are no keys any more", || {
        (gateway.send(&old.chat()).status == 401).then_some(())
    });

    let refused = ask(gateway, &theirs, "POST", "/v1/namespaces", &namespace);
    refused.expect(409).says("/error/code", "already_exists");
    let told = |tenant: &Tenant, path: &str| {
        let answer = gateway.send(&Call::get(path).key(&tenant.key));
        String::from_utf8_lossy(&answer.body).contains("secretuser")
    };
    for path in ["/v1/team/usage?namespace=", "/v1/audit?namespace="] {
        assert!(!told(&theirs, &format!("{path}{name}")), "{path}");
    }
    let usage = format!("{path}/usage?period=all");
    gateway
        .send(&Call::get(&usage).key(&theirs.key))
        .expect(404);
    // Its organization has it again, with what was spent under it.
    ask(gateway, &ours, "POST", "/v1/namespaces", &namespace).expect(201);
    let usage = gateway.send(&Call::get(&usage).key(&ours.key)).expect(200);
    usage.says("/request_count", 1);
    assert!(told(&ours, &format!("/v1/team/usage?namespace={name}")));
}

#[test]
fn a_user_of_megabytes_is_short_wherever_it_is_kept() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("long-user", json!({}));
    let call = tenant.chat_with(json!({"max_tokens": 1, "user": "u".repeat(9 << 20)}));
    gateway.send(&call).expect(200);
    let line = gateway.ledger(&tenant, 1).remove(0);
    let logged = eventually("it is logged", || {
        gateway
            .access_log()
            .into_iter()
            .find(|logged| logged["event"]["id"] == line.id)
    });
    let audit = gateway
        .send(&tenant.get("/v1/audit?limit=1000&order=desc"))
        .expect(200);
    for kept in [logged.to_string().len(), audit.body.len()] {
        assert!(kept < 8_192, "{kept} bytes");
    }
}

#[test]
fn an_admin_takes_nothing_back_by_changing_a_role() {
    let gateway = Gateway::shared();
    let admin = admin_of(gateway, "narrowed");
    let shown = gateway.manage("GET", &admin.key_path(), None);
    let organization = shown["organization"].as_str().unwrap();
    let narrowed = json!({
        "can_manage_users": false,
        "can_create_api_keys": false,
        "can_view_analytics": false,
        "models": ["gpt-4.1"],
    });
    let path = format!("/v1/organizations/{organization}/roles/admin");
    gateway.manage("PUT", &path, Some(&narrowed));
    let other_model = admin.chat_with(json!({"model": "deepseek-v3.2"}));
    eventually("the model is taken from it", || {
        (gateway.send(&other_model).status == 403).then_some(())
    });
    let developer = role(gateway, &admin, "developer");
    for (key, role) in [(&admin, "developer"), (&developer, "admin")] {
        let changed = ask(
            gateway,
            &admin,
            "PATCH",
            &key.key_path(),
            &json!({"role": role}),
        );
        changed.expect(403);
    }
    gateway.send(&admin.get("/v1/audit")).expect(403);
    gateway.send(&other_model).expect(403);
}
