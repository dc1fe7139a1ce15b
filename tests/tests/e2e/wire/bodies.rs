//! Bodies in every piece and framing.

use crate::client::{Call, Connection, http2};
use crate::gateway::{Gateway, Tenant};
use serde_json::json;

/// The body of a request that passes unchanged, with characters of several bytes.
fn call(tenant: &Tenant) -> Call {
    let content = "naïve 🐎 \"日本\"\\u0000 and\\n";
    let body = format!(
        r#"{{ "messages":[{{"role":"user","content":"{}"}}], "model" : "gpt-4.1" }}"#,
        content.replace('"', "\\\"").replace("\\u0000", "\\\\u0000")
    );
    tenant.post("/v1/chat/completions", body)
}

#[track_caller]
fn all_arrived(gateway: &Gateway, tenant: &Tenant, call: &Call, count: usize) {
    let seen = gateway.seen(tenant);
    assert_eq!(seen.len(), count);
    for request in seen {
        assert_eq!(
            request["body"],
            String::from_utf8_lossy(&call.body).as_ref()
        );
    }
    gateway.ledger(tenant, count);
}

#[test]
fn split_at_every_byte() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("split", json!({}));
    let call = call(&tenant);
    // One byte a chunk, each written by itself; one byte a write without chunks; one a frame.
    gateway.send(&call.clone().chunked(1)).expect(200);
    http2::send(gateway.address, &call.clone().chunked(1)).expect(200);
    let mut connection = Connection::open(gateway.address);
    for byte in [call.head(), call.body.clone()].concat() {
        connection.write(&[byte]);
    }
    connection.answer(&call).expect(200);
    all_arrived(gateway, &tenant, &call, 3);
}

#[test]
fn split_in_two_at_every_place() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("halves", json!({}));
    let call = call(&tenant);
    let mut connection = Connection::open(gateway.address);
    for at in 1..call.body.len() {
        let (first, second) = call.body.split_at(at);
        connection.write(&call.clone().chunked(1).head());
        connection.write(format!("{:x}\r\n", first.len()).as_bytes());
        connection.write(first);
        connection.write(format!("\r\n{:x}\r\n", second.len()).as_bytes());
        connection.write(second);
        connection.write(b"\r\n0\r\n\r\n");
        connection.answer(&call).expect(200);
    }
    all_arrived(gateway, &tenant, &call, call.body.len() - 1);
}

#[test]
fn trailers_end_a_body_too() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("trailers", json!({}));
    let call = call(&tenant)
        .chunked(10)
        .trailer("x-checksum", "abc")
        .trailer("x-more", "1");
    gateway.send(&call).expect(200);
    http2::send(gateway.address, &call).expect(200);
    all_arrived(gateway, &tenant, &call, 2);
    // They end the request even where it is to be refused.
    let mut unknown = call.clone();
    unknown.body = br#"{"model":"nothing"}"#.to_vec();
    gateway.send(&unknown).expect(404);
    http2::send(gateway.address, &unknown).expect(404);
    // And where the body has to be changed on its way.
    let stream = json!({"model": "gpt4", "stream": true, "prompt": "x"}).to_string();
    let stream = tenant
        .post("/v1/completions", stream)
        .chunked(4)
        .trailer("x-checksum", "abc");
    gateway.send(&stream).expect(200);
    http2::send(gateway.address, &stream).expect(200);
    for request in gateway.seen(&tenant).iter().skip(2) {
        let body: serde_json::Value =
            serde_json::from_str(request["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&body["model"], &body["stream_options"]["include_usage"]),
            (&json!("gpt-4.1"), &json!(true))
        );
    }
    gateway.ledger(&tenant, 4);
}

#[test]
fn trailers_of_the_provider_come_through() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("answered-trailers", json!({}));
    let call = call(&tenant)
        .fake("trailers", true)
        .header("te", "trailers");
    for answer in [gateway.send(&call), http2::send(gateway.address, &call)] {
        let answer = answer.expect(200);
        assert_eq!(
            answer.trailers,
            [("x-fake-trailer".to_owned(), b"end".to_vec())],
            "{answer}"
        );
        assert!(answer.json()["usage"].is_object());
    }
    for line in gateway.ledger(&tenant, 2) {
        assert_eq!(
            (line.outcome.as_str(), line.estimated),
            ("complete", false),
            "{line:?}"
        );
    }
}

#[test]
fn a_client_that_waits_to_be_told_to_continue() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("expect", json!({}));
    let call = call(&tenant).header("expect", "100-continue");
    let mut connection = Connection::open(gateway.address);
    connection.write(&call.head());
    connection.head(&call).expect(100);
    connection.write(&call.body);
    connection.answer(&call).expect(200);
    all_arrived(gateway, &tenant, &call, 1);
}

#[test]
fn no_body_at_all() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("empty", json!({}));
    let bare = tenant.mark(Call::new("POST", "/v1/chat/completions").key(&tenant.key));
    let calls = [
        bare.clone(),
        bare.clone().header("content-length", "0"),
        bare.clone().header("transfer-encoding", "chunked"),
    ];
    for (call, rest) in calls.iter().zip(["", "", "0\r\n\r\n"]) {
        let mut connection = Connection::open(gateway.address);
        connection.write(&call.head());
        connection.write(rest.as_bytes());
        let answer = connection.answer(call).expect(400);
        answer.says("/error/code", "invalid_request_error");
    }
    http2::send(gateway.address, &bare).expect(400);
    http2::send(gateway.address, &bare.body("").chunked(1).trailer("x", "y")).expect(400);
    assert_eq!(gateway.seen(&tenant).len(), 0);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_its_body() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("half-sent", json!({"max_concurrency": 1}));
    for _ in 0..20 {
        let call = call(&tenant);
        let mut connection = Connection::open(gateway.address);
        connection.write(&call.head());
        connection.write(&call.body[..call.body.len() / 2]);
    }
    gateway.send(&call(&tenant)).expect(200);
    all_arrived(gateway, &tenant, &call(&tenant), 1);
}
