//! OpenAI's responses.

use super::Ending::*;
use super::{OPEN_AI, Shape, Tokens, check, exact, failed, guessed, truncated};
use serde_json::json;

/// The cached tokens are a part of the input, the reasoning one of the output.
const COUNTED: Tokens = Tokens {
    cached: 400,
    reasoning: 20,
    ..Tokens::plain(600, 50)
};

fn shape(stream: bool) -> Shape {
    Shape {
        path: "/v1/responses",
        body: json!({"model": OPEN_AI, "input": "Hello, horse", "stream": stream}),
        event_end: stream.then_some("\n\n"),
    }
}

#[test]
fn responses() {
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(0, Tokens::plain(3, 4096))),
        (UpstreamResets, failed(503)),
        (UpstreamResetsMidway, truncated(200, Tokens::plain(3, 0))),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(3, 56))),
        (UsageZero, guessed(Tokens::plain(3, 56))),
    ];
    check(&shape(false), &row);
}

/// Its first four events have no text, and the usage is in the last alone.
#[test]
fn streams_of_responses() {
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(200, Tokens::plain(3, 5))),
        (UpstreamResets, truncated(200, Tokens::plain(3, 5))),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(3, 56))),
        (UsageZero, guessed(Tokens::plain(3, 56))),
    ];
    check(&shape(true), &row);
}
