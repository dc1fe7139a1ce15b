//! Streams that wait their turn.

use super::world::{World, with_service};
use crate::stream::Flow;
use crate::worker::TICK;
use crate::worker::queue::QUEUE_TICK;
use core::time::Duration;
use paddock_core::timestamp::Timestamp;

/// One request a minute at half the rate of two, and a queue of three for at most 70 seconds.
const THROTTLED: &str = r#","rate_limit_per_minute":2,"settings":{"throttle_mode":"queue","throttle_factor":0.5,
    "max_queue_size":3,"queue_timeout_seconds":70}"#;

#[test]
fn streams_wait_their_turn_and_are_refused_when_their_time_is_up() {
    let mut world = World::new(&with_service(""), THROTTLED);
    for namespace in &mut world.policy.namespaces {
        namespace.throttled_until = Some(Timestamp::FAR);
    }
    world.know("a");
    world.tick(QUEUE_TICK);
    for id in 10..13 {
        assert_eq!(world.chat(id, "a"), Flow::Pause);
    }
    assert_eq!(world.host.state().tick_period, Some(QUEUE_TICK));
    world.tick(Duration::from_secs(60));
    assert_eq!(world.resumed(), [10]);
    world.close(12);
    world.tick(Duration::from_secs(10));
    assert_eq!(world.replies(), [(11, 429)]);
    world.tick(QUEUE_TICK);
    assert_eq!(world.host.state().tick_period, Some(TICK), "nobody waits");
}
