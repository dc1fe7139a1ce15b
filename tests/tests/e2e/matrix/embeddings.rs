//! Embeddings of OpenAI and of Google, which have no output.

use super::Ending::*;
use super::{Cell, Ending, OPEN_AI, Shape, Tokens, check, exact, failed, guessed, truncated};
use serde_json::json;

fn row(likely: i64) -> [(Ending, Cell); 7] {
    [
        (Complete, exact(Tokens::plain(1_000, 0))),
        (ClientLeaves, truncated(0, Tokens::plain(likely, 0))),
        (UpstreamResets, failed(503)),
        (
            UpstreamResetsMidway,
            truncated(200, Tokens::plain(likely, 0)),
        ),
        (UpstreamFails, failed(500)),
        (UsageMissing, guessed(Tokens::plain(likely, 0))),
        (UsageZero, guessed(Tokens::plain(likely, 0))),
    ]
}

#[test]
fn open_ais() {
    let shape = Shape {
        path: "/v1/embeddings",
        body: json!({"model": OPEN_AI, "input": ["Hello, horse"]}),
        event_end: None,
    };
    check(&shape, &row(3));
}

#[test]
fn googles() {
    let shape = Shape {
        path: "/v1beta/models/matrix-gemini:embedContent",
        body: json!({"content": {"parts": [{"text": "Hello, horse"}]}}),
        event_end: None,
    };
    check(&shape, &row(11));
}

/// What Google's own clients call, whatever they are to embed.
#[test]
fn googles_batches() {
    let content = json!({"parts": [{"text": "Hello, horse"}]});
    let shape = Shape {
        path: "/v1/models/matrix-gemini:batchEmbedContents",
        body: json!({"requests": [{"model": "models/matrix-gemini", "content": content}]}),
        event_end: None,
    };
    check(&shape, &row(14));
}
