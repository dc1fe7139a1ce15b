//! How many bytes of bodies are read a minute, and who is refused more.

use super::bench::*;
use crate::bodies::BodyLimits;
use crate::exchange::{Exchange, Input, Step, Verdict};
use crate::refusal::Reply;
use core::time::Duration;
use serde_json::{Value, json};

const LARGE: usize = 200_000;

/// A gateway whose ceiling is so many bytes a minute; fields of the key, namespace and organization.
fn bench(ceiling: u64, [key, namespace, organization]: [&str; 3]) -> Bench {
    let mut bench = Bench::of_organization(key, namespace, organization);
    bench.worker.config.held_bodies = BodyLimits {
        key: 1 << 30,
        namespace: 1 << 30,
        arriving: 100,
        bytes_per_minute: ceiling,
        least_bytes_per_second: 1_024,
    };
    bench.worker.config.max_request_bytes = 1_000_000;
    bench
}

fn text(length: usize) -> Vec<u8> {
    body("small", &format!(r#","x":"{}""#, "x".repeat(length)))
}

fn reply_of(step: Step) -> Option<Reply> {
    match step.verdict {
        Verdict::Reply(reply) => Some(reply),
        _ => None,
    }
}

/// Sends a body; its length is announced if it is large. The refusal, if there is one.
fn send(bench: &mut Bench, body: &[u8]) -> Option<Reply> {
    let mut exchange = Exchange::default();
    let length = body.len().to_string();
    let step = bench.send(
        &mut exchange,
        &headers(CHAT, KEY, &[("content-length", length.as_str())]),
        body,
    );
    bench.step(&mut exchange, Input::Closed);
    reply_of(step)
}

fn assert_over(reply: &Reply, scope: &str, limit: u64) {
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(reply.status, 429);
    assert_eq!(body["error"]["code"], json!("rate_limit_exceeded"));
    assert_eq!(body["error"]["scope"], json!(scope));
    let message = body["error"]["message"].as_str().unwrap();
    let told = format!("its limit of {limit} bytes of requests' bodies a minute. Try again in ");
    assert!(
        message.contains(&told) && message.contains("raise bytes_per_minute"),
        "{message}"
    );
    assert!(reply.headers.iter().any(|(name, _)| *name == "retry-after"));
}

#[test]
fn large_bodies_are_refused_at_their_headers() {
    let mut bench = bench(6_000_000, ["", "", ""]);
    let large = text(LARGE);
    // A sixth of a minute's worth at once.
    for _ in 0..4 {
        assert_eq!(send(&mut bench, &large), None);
    }
    let mut exchange = Exchange::default();
    let headers = headers(CHAT, KEY, &[("content-length", "300000")]);
    let headers = crate::request::borrowed(&headers);
    let input = Input::RequestHeaders {
        headers: crate::request::Headers(&headers),
        attributes: &[],
        end: false,
    };
    let reply = reply_of(bench.step(&mut exchange, input)).unwrap();
    assert_over(&reply, "namespace:n", 6_000_000);
    // What was refused took nothing, and time gives more.
    assert_eq!(send(&mut bench, &text(150_000)), None);
    bench.now = bench.now.plus(Duration::from_secs(2));
    assert_eq!(send(&mut bench, &large), None);
}

#[test]
fn small_bodies_and_values_are_summed_up() {
    let mut bench = bench(6_000_000, ["", "", ""]);
    let values = vec!["1"; 20_000].join(",");
    let many = body("small", &format!(r#","logit_bias":[{values}]"#));
    assert!(many.len() < 64 * 1_024);
    // 40 KB each, and 20,000 values of 32 bytes.
    assert_eq!(send(&mut bench, &many), None);
    assert_eq!(send(&mut bench, &many), None);
    let reply = send(&mut bench, &many).unwrap();
    assert_over(&reply, "namespace:n", 6_000_000);
    assert!(
        send(&mut bench, &body("small", "")).is_some(),
        "of any size"
    );
    bench.now = bench.now.plus(Duration::from_secs(4));
    assert_eq!(send(&mut bench, &body("small", "")), None);
}

#[test]
fn a_body_that_cannot_be_read_is_paid_for_as_well() {
    let mut bench = bench(6_000_000, ["", "", ""]);
    let broken = vec![b','; 60_000];
    assert_eq!(send(&mut bench, &broken).unwrap().status, 400);
    assert_over(
        &send(&mut bench, &broken).unwrap(),
        "namespace:n",
        6_000_000,
    );
}

#[test]
fn whoever_has_the_least_decides() {
    const CEILING: u64 = 600_000_000;
    let least = r#","bytes_per_minute":1048576"#;
    for (fields, scope, limit) in [
        ([least, "", ""], "key:k", 1_048_576),
        (["", least, ""], "namespace:n", 1_048_576),
        (["", "", least], "namespace:n", 1_048_576),
        // The operator's ceiling holds a namespace that asks for more.
        (
            ["", r#","bytes_per_minute":700000000"#, ""],
            "namespace:n",
            CEILING,
        ),
    ] {
        let mut bench = bench(CEILING, fields);
        bench.worker.config.max_request_bytes = 200_000_000;
        let half = usize::try_from(limit / 12).unwrap();
        assert_eq!(send(&mut bench, &text(half)), None);
        let reply = send(&mut bench, &text(half)).unwrap();
        assert_over(&reply, scope, limit);
    }
}

#[test]
fn the_operator_raises_the_ceiling_of_an_organization() {
    let mut bench = bench(1_048_576, ["", "", r#","bytes_per_minute":600000000"#]);
    for _ in 0..5 {
        assert_eq!(send(&mut bench, &text(LARGE)), None);
    }
}

#[test]
fn a_length_that_was_not_announced_is_paid_for_once() {
    let mut bench = bench(12_000_000, ["", "", ""]);
    let large = text(LARGE);
    for _ in 0..9 {
        let mut exchange = Exchange::default();
        let step = bench.send(&mut exchange, &headers(CHAT, KEY, &[]), &large);
        assert_eq!(reply_of(step), None);
        bench.step(&mut exchange, Input::Closed);
    }
    let mut exchange = Exchange::default();
    let step = bench.send(&mut exchange, &headers(CHAT, KEY, &[]), &large);
    assert_over(&reply_of(step).unwrap(), "namespace:n", 12_000_000);
}
