//! Anthropic's messages.

use super::Ending::*;
use super::{ANTHROPIC, Shape, Tokens, check, exact, failed, guessed, truncated};
use serde_json::json;

/// What was read from and written to the cache stands beside the input.
const COUNTED: Tokens = Tokens {
    cached: 400,
    write_5m: 100,
    write_1h: 200,
    ..Tokens::plain(300, 50)
};

fn shape(stream: bool) -> Shape {
    let messages = json!([{"role": "user", "content": "Hello, horse"}]);
    Shape {
        path: "/v1/messages",
        body: json!({"model": ANTHROPIC, "max_tokens": 100, "messages": messages,
            "stream": stream}),
        event_end: stream.then_some("\n\n"),
    }
}

#[test]
fn messages() {
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(0, Tokens::plain(9, 100))),
        (UpstreamResets, failed(503)),
        (UpstreamResetsMidway, truncated(200, Tokens::plain(9, 41))),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(9, 56))),
        (UsageZero, guessed(Tokens::plain(9, 56))),
    ];
    check(&shape(false), &row);
}

/// The input is counted in the first event: it is known exactly, however the stream ends.
#[test]
fn streams_of_messages() {
    let begun = Tokens {
        output: 6,
        ..COUNTED
    };
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(200, begun)),
        (UpstreamResets, truncated(200, begun)),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(9, 56))),
        (UsageZero, guessed(Tokens::plain(9, 56))),
    ];
    check(&shape(true), &row);
}
