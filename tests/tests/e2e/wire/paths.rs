//! Paths that look like another: no spelling walks around a key or a budget.

use crate::client::{Call, http2};
use crate::gateway::Gateway;
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";

/// Spelled otherwise, and the chat endpoint all the same.
const SAME: [&str; 15] = [
    "/v1/../v1/chat/completions",
    "/v1/./chat/completions",
    "//v1//chat///completions",
    "/v1/keys/../chat/completions",
    "/v1/namespaces/x/../../chat/completions",
    "/healthz/../v1/chat/completions",
    "/v1/%63hat/completions",
    "/v1/keys/%2e%2e/chat/completions",
    "/v1/keys/.%2E/chat/completions",
    "/v1/chat/completions?api-version=/v1/keys",
    "/v1/chat/completions?a=b&c=%2F..%2F",
    "/v1/chat/completions/",
    "/v1/v1/chat/completions",
    "/chat/completions",
    "//v1/v1//chat/completions/?a=b",
];

/// None of the endpoints.
const OTHER: [&str; 13] = [
    "/V1/Chat/Completions",
    "/v1/chat/completions;/v1/keys",
    "/v1/chat/completions/../keys/x",
    "/v1/keysx",
    "/v1/keys%20",
    "/v1%2fchat%2fcompletions",
    "/v1/keys%2f..%2fchat/completions",
    "/v1/chat%5ccompletions",
    "/v1/chat/completions%00",
    "/v1/chat/completions%3fx",
    "/%2e%2e/v1/chat/completion",
    "/metrics/x",
    "/readyz/",
];

#[test]
fn no_spelling_gets_past_the_key() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("keyless", json!({}));
    let body = r#"{"model":"gpt-4.1","messages":[]}"#;
    for path in SAME.iter().chain(&OTHER).chain(&[CHAT]) {
        let call = tenant.mark(Call::post(path, body));
        for answer in [gateway.send(&call), http2::send(gateway.address, &call)] {
            assert!(
                (400..500).contains(&answer.status) || answer.status == 0,
                "{answer}"
            );
        }
    }
    assert_eq!(gateway.seen(&tenant).len(), 0);
}

#[test]
fn other_spellings_of_an_endpoint_are_governed_alike() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("spelled", json!({}));
    for path in SAME {
        let mut call = tenant.chat();
        call.path = path.to_owned();
        gateway.send(&call).expect(200);
    }
    let lines = gateway.ledger(&tenant, SAME.len());
    for line in &lines {
        assert_eq!(
            (line.endpoint.as_str(), line.charge().1),
            (CHAT, 16),
            "{line:?}"
        );
    }
    let seen = gateway.seen(&tenant);
    assert!(
        seen.iter()
            .all(|request| request["path"].as_str().unwrap().starts_with(CHAT))
    );
}

#[test]
fn what_is_no_endpoint_never_reaches_a_provider() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("elsewhere", json!({}));
    for path in OTHER {
        let mut call = tenant.chat();
        call.path = path.to_owned();
        let answer = gateway.send(&call);
        assert!((400..500).contains(&answer.status), "{answer}");
    }
    assert_eq!(gateway.seen(&tenant).len(), 0);
    assert!(gateway.lines(&tenant).is_empty());
}

#[test]
fn other_methods_and_authorities_change_nothing() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("methods", json!({}));
    for method in [
        "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT",
    ] {
        let mut call = tenant.chat();
        call.method = method.to_owned();
        let answer = http2_or_1(gateway, &call);
        assert!((400..500).contains(&answer), "{method}: {answer}");
    }
    let mut absolute = tenant.chat();
    absolute.path = format!("http://elsewhere{CHAT}");
    gateway.send(&absolute).expect(200);
    assert_eq!(gateway.seen(&tenant).len(), 1);
    gateway.ledger(&tenant, 1);
}

fn http2_or_1(gateway: &Gateway, call: &Call) -> u16 {
    let mut connection = crate::client::Connection::open(gateway.address);
    connection.ask(call);
    connection.head(call).status
}
