//! What one ordinary request asks of its host. Each call costs: a new one must be argued for.

use super::world::{World, with_service};
use crate::worker::TICK;

const LIMITS: &str =
    r#","rate_limit_per_minute":600,"tokens_per_minute":100000,"max_concurrency":5"#;
const ANSWER: &[u8] = br#"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;

/// The calls since they were looked at last.
fn made(world: &World) -> Vec<String> {
    std::mem::take(&mut world.host.state().made)
}

/// A chat request from its headers to its end, the second of its kind.
fn serve(config: &str) -> (World, Vec<String>) {
    let mut world = World::of_keys(&with_service(config), LIMITS, LIMITS);
    world.know("a");
    for id in [10, 11] {
        made(&world);
        world.chat(id, "a");
        let headers = [(":status", "200"), ("content-type", "application/json")];
        world.respond(id, &headers, ANSWER);
        world.close(id);
    }
    let calls = made(&world);
    (world, calls)
}

#[test]
fn a_chat_request_of_two_scopes_makes_these_calls() {
    let (_, calls) = serve("");
    assert_eq!(
        calls,
        [
            // Its headers: who calls. The time, because keys expire.
            "request_headers",
            "now",
            "remove_request_header authorization",
            // Its body: what it may cost, and whether there is room.
            "request_body",
            "now",
            "get scope/key:a",
            "get scope/namespace:a",
            "put scope/key:a",
            "put scope/namespace:a",
            "set_request_header x-paddock-upstream",
            "set_request_header x-paddock-namespace",
            // The answer's headers.
            "response_headers",
            "set_response_header x-request-id",
            "set_response_header x-ratelimit-limit-requests",
            "set_response_header x-ratelimit-remaining-requests",
            "set_response_header x-ratelimit-reset-requests",
            "set_response_header x-ratelimit-limit-tokens",
            "set_response_header x-ratelimit-remaining-tokens",
            "set_response_header x-ratelimit-reset-tokens",
            // Its body, and what it cost.
            "response_chunk",
            "now",
            "get scope/key:a",
            "put scope/key:a",
            "get scope/namespace:a",
            "put scope/namespace:a",
            "annotate paddock_event",
        ]
    );
}

#[test]
fn a_setting_leaves_out_what_nobody_wants() {
    let (_, all) = serve("");
    let (_, calls) = serve(r#","rate_headers":"off","access_log":[]"#);
    let left_out = |call: &String| call.contains("x-ratelimit-") || call.starts_with("annotate");
    let rest: Vec<String> = all.into_iter().filter(|call| !left_out(call)).collect();
    assert_eq!(calls, rest);
}

/// Its bytes are counted before they come and until it is answered. Reading such a body costs far more.
/// Those that did not come are given back to the rate of the namespace.
#[test]
fn a_large_body_makes_these_calls_beside() {
    let mut world = World::new(&with_service(""), "");
    world.know("a");
    let large = "1000000";
    for (length, counted) in [(large, true), ("100", false)] {
        made(&world);
        world.open_with(
            10,
            "a",
            "/v1/chat/completions",
            &[("content-length", length)],
        );
        world.body(10);
        world.close(10);
        let mut calls = made(&world);
        calls.retain(|call| call.contains(" bodies/"));
        let held = ["get bodies/key:a", "put bodies/key:a"];
        let rate = ["get bodies/namespace:a", "put bodies/namespace:a"];
        let held = [held, rate].concat();
        let expected = match counted {
            true => [held.clone(), rate.to_vec(), held].concat(),
            false => Vec::new(),
        };
        assert_eq!(calls, expected, "{length}");
    }
}

/// Events and counts wait for the tick, unless events must outlive the VM at once.
#[test]
fn what_can_wait_is_told_at_the_tick() {
    for (config, at_once) in [("", 0), (r#","durable_events":"each""#, 1)] {
        let (mut world, calls) = serve(config);
        let enqueued = |calls: &[String]| calls.iter().filter(|call| *call == "enqueue").count();
        assert_eq!(enqueued(&calls), at_once, "{config}");
        let counted = |world: &World| {
            let name = "paddock_requests_total;ns=a;model=small;code=200";
            world.host.state().counted.get(name).copied()
        };
        assert_eq!(counted(&world), None);
        world.tick(TICK);
        assert_eq!(counted(&world), Some(2));
        assert_eq!(enqueued(&made(&world)), 1 - at_once, "{config}");
        let sync = world.host.calls_to(paddock_core::wire::SYNC_PATH);
        let body: serde_json::Value = serde_json::from_slice(&sync[0].body).unwrap();
        assert_eq!(body["batch"]["events"].as_array().unwrap().len(), 3);
    }
}

/// A worker that is replaced leaves nothing behind.
#[test]
fn what_waits_is_told_at_the_end_of_a_worker() {
    let (world, _) = serve("");
    let host = world.host.clone();
    drop(world);
    let mut state = host.state();
    let block = state.queue.pop_front().unwrap();
    let events = [&b"["[..], &block, b"]"].concat();
    let events: Vec<serde_json::Value> = serde_json::from_slice(&events).unwrap();
    assert_eq!(events.len(), 3);
    let name = "paddock_requests_total;ns=a;model=small;code=200";
    assert_eq!(state.counted.get(name), Some(&2));
}
