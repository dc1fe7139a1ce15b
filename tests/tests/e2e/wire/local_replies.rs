//! What Envoy answers by itself, before or after the filter: in the caller's format.

use crate::client::{Answer, Call, Connection};
use crate::gateway::{Gateway, eventually};
use paddock_local::Part;
use serde_json::json;

fn raw(gateway: &Gateway, head: &str) -> Answer {
    let mut connection = Connection::open(gateway.address);
    connection.write(head.as_bytes());
    connection.answer(&Call::get("/"))
}

/// An id that a client is told leads to its line in the access log.
fn in_the_log(gateway: &Gateway, id: &str) {
    assert_eq!(id.len(), 36, "{id}");
    eventually("the access log has that id", || {
        let lines = gateway.access_log();
        lines
            .iter()
            .any(|line| line["request_id"] == id)
            .then_some(())
    });
}

const CHAT: &str = "/v1/chat/completions";

#[test]
fn what_is_no_request_is_refused_in_json() {
    let gateway = Gateway::shared();
    let many: String = (0..120).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x: {}\r\n", "a".repeat(40_000));
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    for (path, version, headers, status, code) in [
        ("/v1/a%00b", "1.1", "", 400, "invalid_request_error"),
        ("/v1/a#b", "1.1", "", 400, "invalid_request_error"),
        (
            CHAT,
            "1.1",
            "content-length: x\r\n",
            400,
            "invalid_request_error",
        ),
        (
            "/v1/responses",
            "1.1",
            upgrade,
            426,
            "upgrade_not_supported",
        ),
        (CHAT, "1.1", many.as_str(), 431, "request_too_large"),
        (CHAT, "1.1", long.as_str(), 431, "request_too_large"),
        (
            CHAT,
            "1.1",
            "transfer-encoding: gzip\r\n",
            501,
            "not_implemented",
        ),
    ] {
        let head = format!("POST {path} HTTP/{version}\r\nhost: x\r\n{headers}\r\n");
        let answer = raw(gateway, &head).expect(status).says("/error/code", code);
        let answer = answer.with("content-type", "application/json");
        let answer = answer.with("x-should-retry", "false");
        let body = answer.json();
        let text = |field: &str| body["error"][field].as_str().unwrap().to_owned();
        assert!(
            text("message").ends_with('.') && text("type").ends_with("_error"),
            "{body}"
        );
        in_the_log(gateway, &answer.header("x-request-id").unwrap());
    }
    let zero = "POST /v1/messages/a%00b HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = raw(gateway, zero).expect(400).says("/type", "error");
    let answer = answer.says("/error/type", "invalid_request_error");
    let id = answer.header("request-id").unwrap();
    answer.says("/request_id", id.as_str());
    in_the_log(gateway, &id);
    let zero = "POST /v1beta/models/a%00b:generateContent HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = raw(gateway, zero)
        .expect(400)
        .says("/error/status", "INVALID_ARGUMENT");
    assert_eq!(answer.json()["error"]["code"], 400);
}

#[test]
fn a_provider_that_is_away_is_told_of_in_the_callers_format() {
    let gateway = Gateway::start(paddock_local::StackOptions::default());
    let tenant = gateway.tenant("away", json!({}));
    gateway.send(&tenant.chat()).expect(200);
    gateway.kill(Part::Provider);
    let messages = json!({"model": "claude-sonnet-4.5", "max_tokens": 16,
        "messages": [{"role": "user", "content": "Hello, horse"}]});
    let contents = json!({"contents": [{"parts": [{"text": "Hello, horse"}]}]});
    let google = "/v1beta/models/gemini-2.5-flash:generateContent";
    let away = |call: &Call| {
        let answer = gateway.send(call).expect(503).without("x-should-retry");
        let id = answer.header("x-request-id").unwrap();
        (answer, id)
    };
    let (answer, _) = away(&tenant.chat());
    answer
        .says("/error/code", "upstream_unavailable")
        .says("/error/type", "server_error");
    let (answer, id) = away(&tenant.post("/v1/messages", messages.to_string()));
    let answer = answer
        .says("/type", "error")
        .says("/request_id", id.as_str());
    answer
        .says("/error/type", "api_error")
        .with("request-id", &id);
    let (answer, _) = away(&tenant.post(google, contents.to_string()));
    let answer = answer.says("/error/status", "UNAVAILABLE");
    answer.says("/error/reason", "upstream_unavailable");
}
