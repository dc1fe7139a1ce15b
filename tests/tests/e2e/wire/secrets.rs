//! A tenant's key goes no further than Envoy, however it is sent; and many keys do not crowd out
//! each other.

use crate::client::{Call, Connection, http2};
use crate::gateway::{Gateway, Tenant};
use paddock_local::StackOptions;
use serde_json::json;

const PATH: &str = "/v1/chat/completions";

fn body() -> String {
    json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello, horse"}]})
        .to_string()
}

fn in_query(tenant: &Tenant, query: &str) -> Call {
    tenant.mark(Call::post(
        &format!("{PATH}?{}", query.replace("KEY", &tenant.key)),
        body(),
    ))
}

#[test]
fn wherever_it_is_it_is_removed() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("secret", json!({}));
    let other = gateway.tenant("other-secret", json!({}));
    let bare = || tenant.mark(Call::post(PATH, body()));
    let bearer = format!("Bearer {}", tenant.key);
    let calls = [
        bare().header("authorization", &bearer),
        bare().header("Authorization", format!("bearer   {}", tenant.key)),
        bare().header("x-api-key", &tenant.key),
        bare().header("x-goog-api-key", &tenant.key),
        in_query(&tenant, "key=KEY"),
        in_query(&tenant, "a=1&key=KEY&b=2"),
        // One counts, none passes.
        bare()
            .header("authorization", &bearer)
            .header("x-api-key", &other.key),
        bare()
            .header("authorization", &bearer)
            .header("x-goog-api-key", &other.key),
        in_query(&tenant, "key=KEY").header("x-api-key", &tenant.key),
        in_query(&tenant, "key=KEY&key=KEY").header("authorization", &bearer),
        bare()
            .header("x-api-key", &tenant.key)
            .header("x-api-key", &other.key),
        // Envoy makes one of these two.
        bare()
            .header("authorization", "Bearer sk-foreign")
            .header("authorization", &bearer),
    ];
    for call in &calls {
        gateway.send(call).expect(200);
    }
    let lower = bare().header("authorization", &bearer);
    http2::send(gateway.address, &lower).expect(200);
    gateway.ledger(&tenant, calls.len() + 1);
    assert!(gateway.lines(&other).is_empty());
    let seen = gateway.seen(&tenant);
    assert_eq!(seen.len(), calls.len() + 1);
    for request in &seen {
        let text = request.to_string();
        assert!(
            !text.contains(&tenant.key) && !text.contains(&other.key),
            "{request:#}"
        );
    }
    assert_eq!(seen[5]["path"], PATH);
    // Nor is it in any log.
    let log = gateway.access_log();
    let shown = |line: &serde_json::Value| line.to_string().replace("pdk_[redacted]", "");
    assert!(log.iter().all(|line| !shown(line).contains("pdk_")));
}

/// A key where no key belongs: as the model, in the path, as the software, as the end user.
#[test]
fn in_a_wrong_place_it_is_written_down_nowhere() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("misplaced", json!({}));
    let key = &tenant.key;
    let agent = |mut call: Call| {
        call.headers.retain(|(name, _)| name != "user-agent");
        call.header("user-agent", format!("curl {key}"))
    };
    let as_user = json!({"user": key, "max_tokens": 16});
    let calls = [
        (agent(tenant.chat_with(as_user)), 200),
        (agent(tenant.chat_with(json!({"model": key}))), 404),
        (tenant.post(&format!("/v1/{key}"), "{}"), 404),
        (
            tenant.post(&format!("/v1beta/models/{key}:generateContent"), "{}"),
            404,
        ),
        (tenant.chat().header("x-namespace", key), 401),
        (Call::post(&format!("/v1/{key}/x"), "{}"), 401),
    ];
    for (call, status) in &calls {
        for answer in [gateway.send(call), http2::send(gateway.address, call)] {
            let answer = answer.expect(*status);
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!text.contains(&key[8..40]), "{answer}");
        }
    }
    gateway.settled_ledger(&tenant);
    let written = crate::gateway::eventually("all is logged", || {
        let log = serde_json::Value::from(gateway.access_log()).to_string();
        (log.matches("/v1/pdk_[redacted]").count() >= 4).then_some(log)
    });
    assert!(!written.contains(&key[8..40]));
    let audit = gateway.manage(
        "GET",
        &format!("/v1/audit?namespace={}&limit=100", tenant.namespace),
        None,
    );
    let audit = audit.to_string();
    assert!(
        audit.contains("pdk_[redacted]") && !audit.contains(&key[8..40]),
        "{audit}"
    );
}

#[test]
fn a_refusal_does_not_repeat_it() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("unrepeated", json!({}));
    gateway.manage("POST", &format!("{}/disable", tenant.key_path()), None);
    crate::gateway::eventually("it is refused", || {
        let answer = gateway.send(&in_query(&tenant, "key=KEY"));
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!text.contains(&tenant.key), "{answer}");
        (answer.status == 401).then_some(())
    });
}

/// More keys than a worker remembers: they are asked for again, and nothing else changes.
#[test]
fn more_tenants_than_fit_the_cache() {
    let gateway = Gateway::start(StackOptions {
        edit_plugin: Some(Box::new(|plugin| plugin["max_cached_tenants"] = json!(16))),
        ..StackOptions::default()
    });
    let tenants: Vec<_> = (0..48)
        .map(|_| gateway.tenant("crowd", json!({})))
        .collect();
    let mut connections: Vec<_> = (0..4).map(|_| Connection::open(gateway.address)).collect();
    for _ in 0..3 {
        for (tenant, at) in tenants.iter().zip(0..) {
            connections[at % 4].call(&tenant.chat()).expect(200);
        }
    }
    for tenant in &tenants {
        gateway.ledger(tenant, 3);
    }
}

#[test]
fn a_flood_of_unknown_keys_changes_nothing() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("flooded", json!({}));
    for number in 0..400_u16 {
        let mut entropy = [0x5a; 32];
        entropy[..2].copy_from_slice(&number.to_be_bytes());
        let unknown = paddock_core::secret::write(&entropy);
        gateway.send(&Call::chat(&unknown)).expect(401);
    }
    gateway.send(&tenant.chat()).expect(200);
}
