//! What of a client's headers and query reaches a provider.

use crate::client::{Call, http2};
use crate::gateway::{Gateway, Tenant};
use paddock_local::StackOptions;
use serde_json::{Value, json};

/// What no client may choose for the operator's account.
const UNWANTED: [&str; 26] = [
    "openai-organization",
    "openai-project",
    "x-goog-user-project",
    "proxy-authorization",
    "x-auth-token",
    "api-key",
    "cookie",
    "forwarded",
    "via",
    "x-forwarded-host",
    "x-forwarded-client-cert",
    "x-real-ip",
    "x-original-url",
    "x-envoy-attempt-count",
    "x-envoy-upstream-rq-timeout-ms",
    "x-http-method-override",
    "x-goog-fieldmask",
    "idempotency-key",
    "range",
    "origin",
    "referer",
    "http-referer",
    "x-app",
    "x-title",
    "baggage",
    "content-encoding",
];

fn names(request: &Value) -> Vec<String> {
    let headers = request["headers"].as_array().unwrap().iter();
    let mut names: Vec<String> = headers
        .map(|header| header[0].as_str().unwrap().to_owned())
        .filter(|name| !name.starts_with("x-fake-"))
        .collect();
    names.sort_unstable();
    names
}

fn presumptuous(call: Call) -> Call {
    let call = UNWANTED.iter().fold(call, |call, name| match *name {
        // Any other is refused, as nothing here could read it.
        "content-encoding" => call.header(name, "identity"),
        name => call.header(name, "a-clients-own"),
    });
    // Each format's own, with each format.
    [
        "anthropic-beta",
        "anthropic-version",
        "openai-beta",
        "x-client-request-id",
        "x-server-timeout",
        "accept",
        "user-agent",
        "traceparent",
    ]
    .iter()
    .fold(call, |call, name| call.header(name, "5"))
}

fn calls(tenant: &Tenant, query: &str) -> [(Call, &'static [&'static str]); 3] {
    let messages = json!({"model": "claude-sonnet-4.5", "max_tokens": 16,
        "messages": [{"role": "user", "content": "Hello, horse"}]});
    let contents = json!({"contents": [{"parts": [{"text": "Hello, horse"}]}]});
    let mut chat = tenant.chat();
    chat.path += query;
    [
        (chat, &["openai-beta", "x-client-request-id"]),
        (
            tenant.post(&format!("/v1/messages{query}"), messages.to_string()),
            &["anthropic-beta", "anthropic-version"],
        ),
        (
            tenant.post(
                &format!("/v1beta/models/gemini-2.5-flash:generateContent{query}"),
                contents.to_string(),
            ),
            &["x-server-timeout"],
        ),
    ]
}

#[test]
fn only_what_is_on_the_list_reaches_a_provider() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("listed", json!({}));
    let query = "?model=x&$httpHeaders=x-goog-fieldmask:a%0D%0A&$httpMethod=GET&$ct=a&\
                 access_token=a&alt=json;fields=b&beta=true&api-version=2";
    for (call, own) in calls(&tenant, query) {
        let path = call.path.split('?').next().unwrap().to_owned();
        let call = presumptuous(call);
        gateway.send(&call).expect(200);
        http2::send(gateway.address, &call).expect(200);
        let seen = gateway.seen(&tenant);
        for request in seen.iter().rev().take(2) {
            let usual = [
                "accept",
                "content-length",
                "content-type",
                "host",
                "traceparent",
                "user-agent",
                "x-request-id",
            ];
            let mut expected: Vec<&str> = usual.iter().chain(own).copied().collect();
            expected.sort_unstable();
            let mut names = names(request);
            // Without a length HTTP/2's body goes on in chunks.
            names.retain(|name| name != "transfer-encoding");
            expected.retain(|name| *name != "content-length" || names.iter().any(|n| n == name));
            assert_eq!(names, expected, "{path}");
            let query = match path.contains("messages") {
                true => "?beta=true",
                false => "",
            };
            assert_eq!(request["path"], format!("{path}{query}"));
        }
    }
}

#[test]
fn the_operator_lists_what_else_may() {
    let gateway = Gateway::start(StackOptions {
        edit_plugin: Some(Box::new(|plugin| {
            plugin["forward_headers"] = json!(["x-fake-*", "X-Title", "x-app*"]);
            plugin["forward_query"] = json!(["api-version"]);
        })),
        ..StackOptions::default()
    });
    let tenant = gateway.tenant("more", json!({}));
    let [(call, _), ..] = calls(&tenant, "?model=x&api-version=2&fields=a");
    gateway.send(&presumptuous(call)).expect(200);
    let seen = gateway.seen(&tenant).remove(0);
    let names = names(&seen);
    for name in ["x-title", "x-app"] {
        assert!(names.iter().any(|other| other == name), "{names:?}");
    }
    assert!(
        !names.iter().any(|name| name == "openai-project"),
        "{names:?}"
    );
    assert_eq!(seen["path"], "/v1/chat/completions?api-version=2");
}
