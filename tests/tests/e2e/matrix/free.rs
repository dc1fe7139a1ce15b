//! Counting tokens costs nothing, however it ends.

use super::Ending::*;
use super::{ANTHROPIC, Shape, Tokens, check, exact, failed};
use serde_json::{Value, json};

fn costs_nothing(path: &'static str, body: Value) {
    let nothing = exact(Tokens::plain(0, 0));
    let left = super::Cell {
        status: 0,
        ..nothing
    };
    let row = [
        (Complete, nothing),
        (ClientLeaves, left),
        (UpstreamResets, failed(503)),
        (UpstreamFails, failed(500)),
        (UsageMissing, nothing),
        (UsageZero, nothing),
    ];
    let shape = Shape {
        path,
        body,
        event_end: None,
    };
    check(&shape, &row);
}

#[test]
fn anthropics_count_tokens() {
    let messages = json!([{"role": "user", "content": "Hello, horse"}]);
    let body = json!({"model": ANTHROPIC, "messages": messages});
    costs_nothing("/v1/messages/count_tokens", body);
}

#[test]
fn googles_count_tokens() {
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "Hello, horse"}]}]});
    costs_nothing("/v1beta/models/matrix-gemini:countTokens", body);
}
