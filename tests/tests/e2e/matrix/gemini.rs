//! Google's `generateContent` and `streamGenerateContent`.

use super::Ending::*;
use super::{Cell, Ending, Shape, Tokens, check, exact, failed, guessed, truncated};
use serde_json::{Value, json};

/// The cached tokens are a part of the prompt, the thoughts stand beside the candidates.
const COUNTED: Tokens = Tokens {
    cached: 400,
    reasoning: 20,
    ..Tokens::plain(600, 50)
};

fn body() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "Hello, horse"}]}]})
}

#[test]
fn generate_content() {
    let shape = Shape {
        path: "/v1beta/models/matrix-gemini:generateContent",
        body: body(),
        event_end: None,
    };
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(0, Tokens::plain(13, 4096))),
        (UpstreamResets, failed(503)),
        (UpstreamResetsMidway, truncated(200, Tokens::plain(13, 56))),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(13, 56))),
        (UsageZero, guessed(Tokens::plain(13, 56))),
    ];
    check(&shape, &row);
}

/// The counts run, and the last that came holds.
fn row() -> [(Ending, Cell); 6] {
    let running = Tokens {
        output: 28,
        ..COUNTED
    };
    [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(200, running)),
        (UpstreamResets, truncated(200, running)),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(13, 56))),
        (UsageZero, guessed(Tokens::plain(13, 56))),
    ]
}

#[test]
fn stream_generate_content_as_events() {
    let shape = Shape {
        path: "/v1/models/matrix-gemini:streamGenerateContent?alt=sse",
        body: body(),
        event_end: Some("\r\n\r\n"),
    };
    check(&shape, &row());
}

#[test]
fn stream_generate_content_as_an_array() {
    let shape = Shape {
        path: "/v1beta/models/matrix-gemini:streamGenerateContent",
        body: body(),
        // Every item has one, near its end.
        event_end: Some("\"responseId\""),
    };
    check(&shape, &row());
}
