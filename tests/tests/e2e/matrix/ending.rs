//! The ways a call can end.

use super::Shape;
use crate::client::{Answer, Call, Connection};
use crate::gateway::{Gateway, Tenant, eventually};

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Well, with everything counted.
    Complete,
    /// The client leaves: in the middle of a stream, or before an answer at once has begun.
    ClientLeaves,
    /// The upstream breaks off: in the middle of a stream, or before any answer.
    UpstreamResets,
    /// The upstream breaks off in the middle of an answer at once.
    UpstreamResetsMidway,
    /// The upstream answers 500.
    UpstreamFails,
    /// The upstream does not count.
    UsageMissing,
    /// The upstream counts nothing.
    UsageZero,
}

/// Of a stream, before it ends early.
const EVENTS: usize = 8;
/// Of an answer at once, before it ends early.
const PIECES: usize = 3;
const PIECE_BYTES: usize = 100;

impl Ending {
    /// Makes a call of `tenant`'s end so.
    pub fn bring_about(self, gateway: &Gateway, tenant: &Tenant, shape: &Shape) {
        let streams = shape.event_end.is_some();
        let call = tenant
            .post(shape.path, shape.body.to_string())
            .fake("exact-prompt-tokens", 1_000)
            .fake("cached-tokens", 400)
            .fake("cache-write-5m-tokens", 100)
            .fake("cache-write-1h-tokens", 200)
            .fake("completion-tokens", 50)
            .fake("reasoning-tokens", 20);
        match self {
            Ending::Complete => whole(gateway, &call),
            Ending::UsageMissing => whole(gateway, &call.fake("no-usage", true)),
            Ending::UsageZero => whole(gateway, &call.fake("zero-usage", true)),
            Ending::UpstreamFails => {
                gateway.send(&call.fake("status", 500)).expect(500);
            }
            Ending::ClientLeaves => match shape.event_end {
                Some(end) => leave_in_the_middle(gateway, &call, end),
                None => leave_before_the_answer(gateway, tenant, &call),
            },
            Ending::UpstreamResets if streams => {
                // Paced, so that no event is lost with the connection it was written to.
                let call = call.fake("reset-after", EVENTS).fake("chunk-ms", 5);
                breaks_off(&gateway.send(&call));
            }
            Ending::UpstreamResets => {
                gateway.send(&call.fake("reset-after", 0)).expect(503);
            }
            Ending::UpstreamResetsMidway => {
                let call = call.fake("split", PIECE_BYTES).fake("chunk-ms", 5);
                breaks_off(&gateway.send(&call.fake("reset-after", PIECES)));
            }
        }
    }
}

fn whole(gateway: &Gateway, call: &Call) {
    let answer = gateway.send(call).expect(200);
    assert!(answer.complete, "{answer}");
}

fn breaks_off(answer: &Answer) {
    assert!(answer.status == 200 && !answer.complete, "{answer}");
}

/// The upstream falls silent after so many events, so the client has exactly those.
fn leave_in_the_middle(gateway: &Gateway, call: &Call, event_end: &str) {
    let call = call.clone().fake("stall-after", EVENTS);
    let mut connection = Connection::open(gateway.address);
    connection.ask(&call);
    let mut answer = connection.head(&call).expect(200);
    let mut seen = Vec::new();
    while String::from_utf8_lossy(&seen).matches(event_end).count() < EVENTS {
        let piece = connection.piece(&mut answer);
        seen.extend(piece.unwrap_or_else(|| panic!("only {}", String::from_utf8_lossy(&seen))));
    }
}

fn leave_before_the_answer(gateway: &Gateway, tenant: &Tenant, call: &Call) {
    let mut connection = Connection::open(gateway.address);
    connection.ask(&call.clone().fake("latency-ms", 60_000));
    eventually("the provider has it", || {
        (gateway.seen(tenant).len() == 1).then_some(())
    });
}
