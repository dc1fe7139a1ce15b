//! Bodies that never come, and bodies that nobody reads.

use super::world::{CHAT, World, with_service};
use crate::stream::{Flow, Stream};
use crate::worker::TICK;
use core::time::Duration;

const PASS_THROUGH: &str =
    r#","max_request_bytes":1024,"pass_through":[{"path":"/v1/audio","upstream":"openai"}]"#;

fn known() -> World {
    let mut world = World::new(&with_service(PASS_THROUGH), r#","max_concurrency":5"#);
    world.know("a");
    world
}

#[test]
fn a_request_whose_body_never_comes_is_given_up_until_the_first_one_has_come() {
    let mut world = World::new(&with_service(""), "");
    world.open(2, "a", "/v1/chat/completions");
    let call = world.resolving();
    world.resolve(&call);
    world.tick(Duration::from_secs(5));
    assert_eq!(world.replies(), []);
    world.tick(TICK);
    assert_eq!(world.replies(), [], "bodies are looked at every second");
    world.tick(Duration::from_secs(1));
    assert_eq!(world.replies(), [(2, 503)]);

    world.open(3, "a", "/v1/chat/completions");
    world.chat(4, "a");
    world.tick(Duration::from_secs(9));
    assert_eq!(world.replies().len(), 1, "bodies do come");
}

#[test]
fn a_body_that_comes_too_slowly_is_refused_in_either_way_of_holding() {
    for more in ["", r#","hold":"body","upstream":"openai""#] {
        let mut world = World::new(&with_service(more), "");
        world.know("a");
        for id in [10, 11, 12] {
            world.open(id, "a", "/v1/chat/completions");
        }
        let come = |world: &mut World, id, size| {
            let flow = world.on(id, |stream| stream.request_body(size, false));
            assert_eq!(flow, Flow::Pause);
        };
        // Much, and then nothing; nothing at all; as much as must come.
        come(&mut world, 10, 1_000_000);
        for second in 1..=20 {
            come(&mut world, 12, second * 1_024);
            world.tick(Duration::from_secs(1));
            let refused: &[(u32, u16)] = match second {
                ..10 => &[],
                10..20 => &[(11, 408)],
                _ => &[(11, 408), (10, 408)],
            };
            assert_eq!(world.replies(), refused, "{more} {second}");
        }
        // One that has come whole has all the time it needs.
        world.on(12, |stream| stream.request_body(CHAT.len(), true));
        world.tick(Duration::from_secs(60));
        assert_eq!(world.replies().len(), 2);
    }
}

#[test]
fn a_stream_that_has_gone_is_not_given_up_on() {
    let mut world = World::new(&with_service(""), "");
    world.open(2, "a", "/v1/chat/completions");
    world.close(2);
    world.tick(Duration::from_secs(60));
    assert_eq!(world.replies(), []);
}

fn respond(world: &mut World, id: u32, content_encoding: &'static str) {
    world.host.state().copied = 0;
    let headers = [
        (":status", "200"),
        ("content-type", "application/json"),
        ("content-encoding", content_encoding),
    ];
    world.respond(
        id,
        &headers,
        br#"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
    );
}

#[test]
fn only_bodies_that_are_metered_are_copied() {
    let mut world = known();
    world.chat(10, "a");
    respond(&mut world, 10, "");
    assert!(world.host.state().copied > 0, "metered");

    world.chat(11, "a");
    respond(&mut world, 11, "gzip");
    assert_eq!(world.host.state().copied, 0, "unreadable");

    assert_eq!(world.open(12, "a", "/v1/audio"), Flow::Continue);
    let sent = world.on(12, |stream| stream.request_body(CHAT.len(), true));
    assert_eq!(sent, Flow::Continue);
    respond(&mut world, 12, "");
    assert_eq!(world.host.state().copied, 0, "passed through");
    for id in 10..13 {
        world.close(id);
    }
    // All three were settled and reported: none is in flight any more.
    for id in 20..25 {
        assert_eq!(world.chat(id, "a"), Flow::Continue, "{id}");
    }
    assert_eq!(world.replies(), []);
}

#[test]
fn a_body_that_passes_through_in_chunks_is_counted_as_a_whole() {
    let mut world = World::new(&with_service(PASS_THROUGH), "");
    world.know("a");
    world.open(10, "a", "/v1/audio");
    let flows = [512, 512, 1].map(|size| world.on(10, |stream| stream.request_body(size, false)));
    assert_eq!(flows, [Flow::Continue, Flow::Continue, Flow::Pause]);
    assert_eq!(world.replies(), [(10, 413)]);

    // One that was held at first, and let go from another callback than its own.
    world.open(11, "b", "/v1/audio");
    let held = [400, 800].map(|size| world.on(11, |stream| stream.request_body(size, false)));
    assert_eq!(held, [Flow::Pause; 2], "all of it is at hand");
    let call = world.resolving();
    world.resolve(&call);
    assert_eq!(world.resumed(), [11]);
    let flows = [224, 1].map(|size| world.on(11, |stream| stream.request_body(size, false)));
    assert_eq!(flows, [Flow::Continue, Flow::Pause]);
    assert_eq!(world.replies().last(), Some(&(11, 413)));

    // The last chunk counts too, and trailers say nothing new.
    world.open(12, "a", "/v1/audio");
    world.on(12, |stream| stream.request_body(1_024, false));
    assert_eq!(world.on(12, Stream::request_trailers), Flow::Continue);
    world.open(13, "a", "/v1/audio");
    world.on(13, |stream| stream.request_body(1_024, false));
    world.on(13, |stream| stream.request_body(1, true));
    assert_eq!(world.replies().last(), Some(&(13, 413)));
    assert_eq!(world.host.state().copied, 0);
}
