//! OpenAI's, which also reaches the other providers.

use super::run;
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const EMBEDDINGS: &str = "/v1/embeddings";
const GPT: (i64, i64) = (2_500, 8_000);

#[test]
fn python() {
    let outcome = run("python/openai_client.py");
    outcome.returned(&json!({
        "chat": ["gpt-4.1", 3, 16],
        "stream": [true, []],
        "stream_with_usage": [0, 16],
        "response": [true, 16],
        "response_stream": ["response.completed", 16],
        "embeddings": [2, 1536, 4],
        "models": true,
        "claude-sonnet-4.5": 16, "gemini-2.5-flash": 16, "deepseek-v3.2": 16,
        "alias": ["gpt-4.1", "gpt-4.1"],
    }));
    outcome.raised([
        ("401", "AuthenticationError", "authentication_error"),
        ("402", "APIStatusError", "insufficient_quota"),
        ("403", "PermissionDeniedError", "permission_error"),
        ("404", "NotFoundError", "invalid_request_error"),
        ("429", "RateLimitError", "requests"),
    ]);
    outcome.booked(&[
        (CHAT, false, 3, 16, GPT),
        (CHAT, true, 3, 16, GPT),
        (CHAT, true, 3, 16, GPT),
        (RESPONSES, false, 3, 16, GPT),
        (RESPONSES, true, 3, 16, GPT),
        (EMBEDDINGS, false, 4, 0, (20, 0)),
        (CHAT, false, 3, 16, (3_000, 15_000)),
        (CHAT, false, 3, 16, (300, 2_500)),
        (CHAT, false, 3, 16, (100, 420)),
        (CHAT, false, 3, 16, GPT),
    ]);
}

#[test]
fn node() {
    let outcome = run("js/openai_client.mjs");
    outcome.returned(&json!({
        "chat": ["gpt-4.1", 3, 16],
        "stream": [true, []],
        "response": [true, 16],
        "response_stream": ["response.completed", 16],
        "embeddings": [2, 1536, 4],
        "models": true,
    }));
    outcome.raised([
        ("401", "AuthenticationError", "authentication_error"),
        ("402", "APIError", "insufficient_quota"),
        ("403", "PermissionDeniedError", "permission_error"),
        ("404", "NotFoundError", "invalid_request_error"),
        ("429", "RateLimitError", "requests"),
    ]);
    outcome.booked(&[
        (CHAT, false, 3, 16, GPT),
        (CHAT, true, 3, 16, GPT),
        (RESPONSES, false, 3, 16, GPT),
        (RESPONSES, true, 3, 16, GPT),
        (EMBEDDINGS, false, 4, 0, (20, 0)),
    ]);
}
