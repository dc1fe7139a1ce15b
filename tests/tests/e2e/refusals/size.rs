//! Bodies over the limit, by their announced length and by growing.

use super::nothing_arrived;
use crate::client::{Answer, Call, Connection, http2};
use crate::gateway::Gateway;
use serde_json::json;

/// `max_request_bytes` of `envoy/envoy.yaml`.
const LIMIT: usize = 10_485_760;

fn body(size: usize) -> Vec<u8> {
    let (open, close) = (r#"{"model":"gpt-4.1","max_tokens":1,"prompt":""#, r#""}"#);
    let text = "x".repeat(size - open.len() - close.len());
    [open, text.as_str(), close].concat().into_bytes()
}

#[track_caller]
fn too_large(answer: Answer) -> Answer {
    let answer = answer.expect(413).says("/error/code", "request_too_large");
    answer.with("content-type", "application/json")
}

#[test]
fn one_byte_too_many_in_every_framing() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("large", json!({}));
    let whole = tenant.post("/v1/completions", body(LIMIT + 1));
    let chunked = whole.clone().chunked(64 * 1_024);
    too_large(gateway.send(&chunked)).mentions("/error/message", "10485760 bytes");
    too_large(http2::send(gateway.address, &chunked));
    let announced = tenant
        .mark(whole.clone())
        .header("content-length", whole.body.len().to_string());
    too_large(http2::send(gateway.address, &announced));
    nothing_arrived(gateway, &tenant);
}

#[test]
fn an_announced_length_is_refused_before_a_byte_of_it_came() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("announced", json!({}));
    let call = tenant.mark(Call::new("POST", "/v1/completions").key(&tenant.key));
    let call = call.header("content-length", (LIMIT + 1).to_string());
    let mut connection = Connection::open(gateway.address);
    connection.write(&call.head());
    too_large(connection.answer(&call));
    nothing_arrived(gateway, &tenant);
}

#[test]
fn the_largest_body_passes() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("largest", json!({}));
    let call = tenant.post("/v1/completions", body(LIMIT));
    gateway.send(&call).expect(200);
    http2::send(gateway.address, &call.chunked(100_000)).expect(200);
    for request in gateway.seen(&tenant) {
        assert_eq!(request["body"].as_str().unwrap().len(), LIMIT);
    }
}
