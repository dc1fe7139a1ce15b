//! Bodies over the limit, by their announced length and by growing.

use super::nothing_arrived;
use crate::client::{Answer, Call, Connection, http2};
use crate::gateway::Gateway;
use paddock_local::StackOptions;
use serde_json::json;
use std::time::Duration;

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

/// One tenant's stalled uploads: as many as one gateway has memory for, were they not counted.
#[test]
fn stalled_uploads_of_one_tenant_are_nobody_elses_trouble() {
    let gateway = Gateway::start(StackOptions {
        edit_plugin: Some(Box::new(|plugin| {
            plugin["held_bodies"] =
                json!({"key_bytes": 50_000_000, "namespace_bytes": 60_000_000, "arriving": 20});
        })),
        edit_bootstrap: Some(Box::new(|config| {
            let monitors = config.pointer_mut("/overload_manager/resource_monitors");
            let monitors = monitors.unwrap().as_array_mut().unwrap();
            let heap = monitors
                .iter_mut()
                .find(|monitor| monitor["name"] == "envoy.resource_monitors.fixed_heap");
            heap.unwrap()["typed_config"]["max_heap_size_bytes"] = json!(300 << 20);
        })),
        ..StackOptions::default()
    });
    let attacker = gateway.tenant("stalling", json!({}));
    let second = gateway.tenant("second", json!({"namespace": attacker.namespace}));
    let victim = gateway.tenant("beside", json!({}));
    gateway.send(&attacker.chat()).expect(200);
    gateway.send(&victim.chat()).expect(200);
    let stalled = |key: &str, framing: (&str, &str)| {
        let call = Call::new("POST", "/v1/completions").key(key);
        let call = call.header(framing.0, framing.1);
        let mut connection = Connection::open(gateway.address);
        connection.write(&call.head());
        if framing.0 == "transfer-encoding" {
            connection.write(format!("{LIMIT:x}\r\n").as_bytes());
        }
        let piece = vec![b' '; 128 * 1_024];
        for _ in 0..LIMIT / piece.len() - 1 {
            if connection.hears_within(Duration::from_millis(1)) {
                break;
            }
            connection.write(&piece);
        }
        (connection, call)
    };
    let length = LIMIT.to_string();
    let mut uploads = Vec::new();
    for n in 0..40 {
        let framing = match n % 2 {
            0 => ("content-length", length.as_str()),
            _ => ("transfer-encoding", "chunked"),
        };
        let key = if n % 4 < 2 {
            &attacker.key
        } else {
            &second.key
        };
        uploads.push(stalled(key, framing));
        gateway.send(&victim.chat()).expect(200);
    }
    let mut refusals = 0;
    for (connection, call) in &mut uploads {
        if connection.hears_within(Duration::from_millis(300)) {
            let answer = connection.answer(call).expect(429);
            let answer = answer.says("/error/code", "rate_limit_exceeded");
            answer.mentions("/error/message", "this one is too large beside them");
            refusals += 1;
        }
    }
    assert_eq!(refusals, 35, "five have room in the namespace");
    // What is over makes room.
    drop(uploads);
    crate::gateway::eventually("there is room again", || {
        let call = attacker.post("/v1/completions", body(LIMIT));
        (gateway.send(&call).status == 200).then_some(())
    });
    gateway.send(&victim.chat()).expect(200);
}

#[test]
fn an_upload_that_stalls_or_drips_is_refused_and_one_that_goes_on_is_not() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("slow", json!({}));
    let whole = tenant.post("/v1/completions", body(20_000));
    let begin = |sent: usize| {
        let length = whole.body.len().to_string();
        let call = tenant.mark(Call::new("POST", "/v1/completions").key(&tenant.key));
        let call = call.header("content-length", length);
        let mut connection = Connection::open(gateway.address);
        connection.write(&call.head());
        connection.write(&whole.body[..sent]);
        (connection, call, sent)
    };
    // Nothing; nearly all; a byte a second; and 1,500 bytes a second.
    let mut uploads =
        [(0, 0), (19_999, 0), (100, 1), (0, 1_500)].map(|(sent, rate)| (begin(sent), rate));
    for _ in 0..30 {
        for ((connection, _, sent), rate) in &mut uploads {
            let next = (*sent + *rate).min(whole.body.len());
            if *rate > 0 && next > *sent && !connection.hears_within(Duration::from_millis(1)) {
                connection.write(&whole.body[*sent..next]);
                *sent = next;
            }
        }
        std::thread::sleep(Duration::from_secs(1));
        if uploads[3].0.2 == whole.body.len() {
            break;
        }
    }
    let [stalled, late, dripping, steady] =
        uploads.map(|((mut connection, call, _), _)| connection.answer(&call));
    for answer in [stalled, late, dripping] {
        let answer = answer.expect(408).says("/error/code", "request_timeout");
        let answer = answer.mentions("/error/message", "less than 1024 bytes a second");
        assert_eq!(
            answer.header("connection").as_deref(),
            Some("close"),
            "{answer}"
        );
    }
    steady.expect(200);
    assert_eq!(gateway.seen(&tenant).len(), 1);
}

#[test]
fn a_key_over_its_bytes_a_minute_is_refused_at_the_headers_and_no_other_is() {
    let gateway = Gateway::shared();
    let tenant = gateway.tenant("bytes", json!({"bytes_per_minute": 6_000_000}));
    let beside = gateway.tenant("beside", json!({"namespace": tenant.namespace}));
    let large = body(700_000);
    gateway
        .send(&tenant.post("/v1/completions", large.clone()))
        .expect(200);
    let scope = format!("key:{}", tenant.id);
    let over = |answer: Answer| {
        let answer = answer
            .expect(429)
            .says("/error/code", "rate_limit_exceeded");
        let answer = answer.says("/error/scope", scope.as_str());
        answer.mentions(
            "/error/message",
            "6000000 bytes of requests' bodies a minute",
        )
    };
    let call = tenant.mark(Call::new("POST", "/v1/completions").key(&tenant.key));
    let call = call.header("content-length", large.len().to_string());
    let mut connection = Connection::open(gateway.address);
    connection.write(&call.head());
    over(connection.answer(&call));
    // Many values in few bytes take their time too.
    let values = vec!["1"; 16_000].join(",");
    let text =
        format!(r#"{{"model":"gpt-4.1","max_tokens":1,"prompt":"x","logit_bias":[{values}]}}"#);
    assert!(text.len() < 64 * 1_024);
    let values = tenant.post("/v1/completions", text.into_bytes());
    crate::gateway::eventually("the sum of small bodies is too much", || {
        let answer = gateway.send(&values);
        (answer.status == 429).then(|| over(answer))
    });
    gateway
        .send(&beside.post("/v1/completions", large))
        .expect(200);
}
