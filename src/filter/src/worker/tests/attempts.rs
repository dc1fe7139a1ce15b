//! Attempts of a request that several deployments may serve.

use super::world::{World, with_service};
use crate::attempts::AttemptStream;
use crate::host::fake::Fake;
use crate::stream::Flow;
use crate::worker::Counters;
use paddock_core::failover::{DeploymentName, cools_until};
use std::cell::RefCell;
use std::rc::Rc;

const SPREAD: &[u8] = br#"{"model":"spread","max_tokens":9,"messages":[]}"#;
const REQUEST: u32 = 10;
const A: DeploymentName<'_> = DeploymentName {
    upstream: "a",
    model: "spread",
};

/// A request on its way, whose id is `id`.
fn sent(id: &str) -> World {
    let mut world = World::new(&with_service(""), "");
    world.know("a");
    send(&mut world, REQUEST, id);
    world
}

fn send(world: &mut World, stream: u32, id: &str) {
    let length = SPREAD.len().to_string();
    let headers = [("x-request-id", id), ("content-length", &length)];
    world.open_with(stream, "a", "/v1/chat/completions", &headers);
    world.host.state().body = SPREAD.to_vec();
    let flow = world.on(stream, |stream| stream.request_body(SPREAD.len(), true));
    assert_eq!(flow, Flow::Continue);
}

/// The attempt of that number begins, of the request `id`.
fn attempt(world: &World, number: u64, id: &str) -> (AttemptStream<Fake>, Flow, Vec<String>) {
    attempt_with(world, number, id, &[])
}

/// The same, with more headers.
fn attempt_with(
    world: &World,
    number: u64,
    id: &str,
    more: &[(&str, &str)],
) -> (AttemptStream<Fake>, Flow, Vec<String>) {
    let context = 100 + u32::try_from(number).unwrap();
    {
        let mut state = world.host.state();
        state.attempts = Some(number);
        state.contexts.insert(context);
        let headers = [(":path", "/v1/chat/completions"), ("x-request-id", id)];
        let headers = headers.iter().chain(more);
        let headers = headers.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
        state.headers.insert(context, headers.collect());
        state.body = SPREAD.to_vec();
        state.made.clear();
    }
    let counters = Rc::new(RefCell::new(Counters::default()));
    let mut attempt = AttemptStream::new(world.host.clone(), counters);
    let flow = world
        .host
        .callback(context, || match attempt.request_headers(false) {
            // Who has answered is asked for nothing more.
            Flow::Pause if world.replies().is_empty() => attempt.request_body(SPREAD.len(), true),
            flow => flow,
        });
    let made = std::mem::take(&mut world.host.state().made);
    (attempt, flow, made)
}

fn cooling(world: &World) -> Option<u64> {
    let now = world.host.state().now;
    let until = cools_until(&world.host, A, now);
    until.map(|until| until.since(now).as_secs())
}

#[test]
fn the_first_attempt_goes_as_it_comes_and_the_second_as_its_deployment_wants_it() {
    let world = sent("r");
    let (_, flow, made) = attempt(&world, 1, "r");
    assert_eq!(flow, Flow::Continue);
    let looks = [
        "request_headers",
        "attribute upstream.request_attempt_count",
    ];
    assert_eq!(made, looks);
    assert_eq!(cooling(&world), None);

    let (_, flow, made) = attempt(&world, 2, "r");
    assert_eq!(flow, Flow::Continue);
    for call in [
        "set_request_header :path",
        "set_request_header content-length",
        "replace_request_body",
    ] {
        assert!(made.contains(&call.to_owned()), "{call} in {made:?}");
    }
    // The first was never answered.
    assert_eq!(cooling(&world), Some(2));
    let counted = world.host.state().counted.clone();
    assert_eq!(counted.get("paddock_cool_downs_total;scope=a"), Some(&1));
}

#[test]
fn an_answer_that_fails_says_how_long_to_leave_it_alone() {
    for (status, seconds, expected) in [
        ("429", "7", Some(7)),
        ("503", "", Some(2)),
        ("200", "7", None),
    ] {
        let world = sent(status);
        let (mut first, _, _) = attempt(&world, 1, status);
        world.host.state().response_headers = vec![(":status", status), ("retry-after", seconds)];
        first.response_headers();
        assert_eq!(cooling(&world), expected, "{status}");
    }
}

/// A client can choose the id, and another's attempts are none of its business.
#[test]
fn requests_of_one_id_are_kept_apart() {
    let mut world = sent("r");
    world.host.state().made.clear();
    send(&mut world, 11, "r");
    let made = world.host.state().made.clone();
    assert!(
        made.contains(&"set_request_header x-request-id".to_owned()),
        "{made:?}"
    );
    world.close(11);
    attempt(&world, 1, "r");
    let (_, flow, _) = attempt(&world, 2, "r");
    assert_eq!(flow, Flow::Continue);
    world.close(REQUEST);
    let (_, flow, _) = attempt(&world, 1, "r");
    assert_eq!(flow, Flow::Continue, "what is not kept has one attempt");
}

#[test]
fn a_second_attempt_of_which_nothing_is_known_is_not_made() {
    let world = sent("r");
    let (_, flow, _) = attempt(&world, 2, "another");
    assert_eq!(flow, Flow::Pause);
    assert_eq!(world.replies(), [(102, 503)]);
    let counted = world.host.state().counted.clone();
    assert_eq!(counted.get("paddock_attempts_lost_total"), Some(&1));
}

/// Only those who may go on to another deployment ask how often that was done.
#[test]
fn the_number_of_attempts_is_asked_where_it_matters() {
    let mut world = sent("r");
    world.host.state().attempts = Some(2);
    world.host.state().made.clear();
    let headers = [(":status", "200"), ("content-type", "application/json")];
    let answer = br#"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    world.respond(REQUEST, &headers, answer);
    let asked = "attribute upstream.request_attempt_count".to_owned();
    assert!(world.host.state().made.contains(&asked));
    world.chat(12, "a");
    world.host.state().made.clear();
    world.respond(12, &headers, answer);
    assert!(!world.host.state().made.contains(&asked));
}

/// What an attempt adds is there in the next one, unless it is taken away: the credential of a provider is
/// no other's.
#[test]
fn no_attempt_has_what_another_one_added() {
    let world = sent("r");
    let plain = [("accept", "a"), ("accept", "b")];
    attempt_with(&world, 1, "r", &plain);
    let more = [
        plain[0],
        plain[1],
        ("authorization", "Bearer a"),
        ("x-added", "1"),
    ];
    let (_, flow, made) = attempt_with(&world, 2, "r", &more);
    assert_eq!(flow, Flow::Continue);
    let removed: Vec<&str> = made
        .iter()
        .filter_map(|call| call.strip_prefix("remove_request_header "))
        .collect();
    assert_eq!(removed, ["authorization", "x-added"]);
    assert!(!made.contains(&"set_request_header accept".to_owned()));
    let (_, _, made) = attempt_with(&world, 3, "r", &[("accept", "c")]);
    assert!(
        made.contains(&"set_request_header accept".to_owned()),
        "{made:?}"
    );
}

/// Without the first attempt nobody knows what has been added.
#[test]
fn a_second_attempt_without_a_first_is_not_made() {
    let world = sent("r");
    let (_, flow, _) = attempt(&world, 2, "r");
    assert_eq!(flow, Flow::Pause);
    assert_eq!(world.replies(), [(102, 503)]);
}
