//! Stored responses belong to the namespace that made them: at every Envoy, and after a restart.

use crate::client::{Answer, Call, Connection};
use crate::gateway::{Gateway, Tenant};
use paddock_local::{Part, StackOptions};
use serde_json::{Value, json};

fn ask(tenant: &Tenant, fields: &Value) -> Call {
    let mut body = json!({"model": "gpt-4.1", "input": "Hello, horse", "max_output_tokens": 16});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    tenant.post("/v1/responses", body.to_string())
}

fn make(gateway: &Gateway, tenant: &Tenant) -> String {
    let answer = gateway.send(&ask(tenant, &json!({}))).expect(200).json();
    answer["id"].as_str().unwrap().to_owned()
}

fn go_on(gateway: &Gateway, tenant: &Tenant, id: &str) -> Answer {
    gateway.send(&ask(tenant, &json!({"previous_response_id": id})))
}

/// Refused, and the provider is not asked.
fn refused(gateway: &Gateway, tenant: &Tenant, id: &str) {
    let before = gateway.seen(tenant).len();
    go_on(gateway, tenant, id)
        .expect(404)
        .with("x-should-retry", "false")
        .says("/error/code", "previous_response_not_found")
        .says("/error/param", "previous_response_id")
        .says("/error/scope", tenant.namespace_scope())
        .mentions("/error/message", id);
    assert_eq!(gateway.seen(tenant).len(), before);
}

#[test]
fn a_response_is_continued_by_its_own_tenant_alone_on_all_workers() {
    let gateway = Gateway::shared();
    let (one, other) = (
        gateway.namespace("stored", json!({})),
        gateway.namespace("curious", json!({})),
    );
    // Each connection keeps to one worker.
    let mut connections: Vec<Connection> =
        (0..8).map(|_| Connection::open(gateway.address)).collect();
    let mut id = make(gateway, &one);
    for connection in &mut connections {
        refused(gateway, &other, &id);
        let call = ask(&one, &json!({"previous_response_id": id}));
        let answer = connection.call(&call).expect(200).json();
        id = answer["id"].as_str().unwrap().to_owned();
    }
    let stream = gateway
        .send(&ask(&one, &json!({"stream": true})))
        .expect(200);
    let text = String::from_utf8(stream.body).unwrap();
    let first = text.lines().find_map(|line| line.strip_prefix("data: "));
    let begun: Value = serde_json::from_str(first.unwrap()).unwrap();
    let id = begun["response"]["id"].as_str().unwrap();
    go_on(gateway, &one, id).expect(200);
    refused(gateway, &other, id);
    refused(gateway, &one, "resp_that_nobody_made");
    // What is booked and logged has no id of the provider's.
    gateway.settled_ledger(&one);
    let journal = gateway.database().with_extension("db-wal");
    for file in [gateway.database(), &journal, gateway.access_log_file()] {
        let bytes = std::fs::read(file).unwrap();
        let holds = bytes.windows(id.len()).any(|part| part == id.as_bytes());
        assert!(!holds, "{id} in {}", file.display());
    }
}

#[test]
fn another_envoy_and_a_restarted_one_know_it_from_the_service() {
    let gateway = Gateway::start(StackOptions::default());
    let second = gateway.beside("stored-second");
    let (one, other) = (
        gateway.namespace("stored", json!({})),
        gateway.namespace("curious", json!({})),
    );
    // At once: the event is on its way still.
    let id = make(&gateway, &one);
    go_on(&second, &one, &id).expect(200);
    refused(&second, &other, &id);
    let id = make(&second, &one);
    gateway.kill(Part::Envoy);
    gateway.restart(Part::Envoy);
    go_on(&gateway, &one, &id).expect(200);
    refused(&gateway, &other, &id);
    // A namespace of the same name is another, also before gateways hear of it.
    let name = &one.namespace;
    gateway.manage("DELETE", &one.key_path(), None);
    gateway.manage("DELETE", &format!("/v1/namespaces/{name}"), None);
    gateway.manage("POST", "/v1/namespaces", Some(&json!({"name": name})));
    let heir = gateway.tenant("heir", json!({"namespace": name}));
    refused(&gateway, &heir, &id);
    refused(&second, &heir, &id);
    // Without the service only what this Envoy has seen made may be used. One connection keeps to one
    // worker, which knows the tenant.
    let mut connection = Connection::open(gateway.address);
    let made = connection.call(&ask(&other, &json!({}))).expect(200).json();
    gateway.kill(Part::Service);
    let mut go_on_with = |id: &Value| {
        let call = ask(&other, &json!({"previous_response_id": id}));
        connection.call(&call)
    };
    go_on_with(&made["id"]).expect(200);
    go_on_with(&json!("resp_of_elsewhere"))
        .expect(503)
        .says("/error/code", "accounting_unavailable")
        .mentions("/error/message", "whose");
}

#[test]
fn foreign_ids_pass_where_the_operator_allows_them() {
    let options = StackOptions {
        edit_plugin: Some(Box::new(|plugin| plugin["foreign_ids"] = json!("allow"))),
        ..StackOptions::default()
    };
    let gateway = Gateway::lasting("foreign-ids", options);
    let (one, other) = (
        gateway.namespace("stored", json!({})),
        gateway.namespace("curious", json!({})),
    );
    go_on(&gateway, &one, "resp_from_before").expect(200);
    let id = make(&gateway, &one);
    refused(&gateway, &other, &id);
}
