//! OpenAI's chat completions and completions.

use super::Ending::*;
use super::{OPEN_AI, Shape, Tokens, check, exact, failed, guessed, truncated};
use serde_json::{Value, json};

/// The cached tokens are a part of the prompt, the reasoning one of the completion.
const COUNTED: Tokens = Tokens {
    cached: 400,
    reasoning: 20,
    ..Tokens::plain(600, 50)
};

fn chat(stream: bool) -> Shape {
    let messages = json!([{"role": "user", "content": "Hello, horse"}]);
    shape(
        "/v1/chat/completions",
        json!({"model": OPEN_AI, "messages": messages, "stream": stream}),
    )
}

fn text(stream: bool) -> Shape {
    shape(
        "/v1/completions",
        json!({"model": OPEN_AI, "prompt": "Hello, horse", "stream": stream}),
    )
}

fn shape(path: &'static str, body: Value) -> Shape {
    let event_end = (body["stream"] == true).then_some("\n\n");
    Shape {
        path,
        body,
        event_end,
    }
}

#[test]
fn chat_completions() {
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(0, Tokens::plain(9, 4096))),
        (UpstreamResets, failed(503)),
        (UpstreamResetsMidway, truncated(200, Tokens::plain(9, 30))),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(9, 56))),
        (UsageZero, guessed(Tokens::plain(9, 56))),
    ];
    check(&chat(false), &row);
}

#[test]
fn streams_of_chat_completions() {
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(200, Tokens::plain(9, 8))),
        (UpstreamResets, truncated(200, Tokens::plain(9, 8))),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(9, 56))),
        (UsageZero, guessed(Tokens::plain(9, 56))),
    ];
    check(&chat(true), &row);
}

#[test]
fn completions() {
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(0, Tokens::plain(3, 4096))),
        (UpstreamResets, failed(503)),
        (UpstreamResetsMidway, truncated(200, Tokens::plain(3, 42))),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(3, 56))),
        (UsageZero, guessed(Tokens::plain(3, 56))),
    ];
    check(&text(false), &row);
}

#[test]
fn streams_of_completions() {
    let row = [
        (Complete, exact(COUNTED)),
        (ClientLeaves, truncated(200, Tokens::plain(3, 9))),
        (UpstreamResets, truncated(200, Tokens::plain(3, 9))),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(3, 56))),
        (UsageZero, guessed(Tokens::plain(3, 56))),
    ];
    check(&text(true), &row);
}
