//! Clients that speak several formats: LangChain, LiteLLM's SDK and Vercel's AI SDK.

use super::run;
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/v1/messages";
const EMBEDDINGS: &str = "/v1/embeddings";
const GPT: (i64, i64) = (2_500, 8_000);
const CLAUDE: (i64, i64) = (3_000, 15_000);
const VECTORS: (i64, i64) = (20, 0);

#[test]
fn langchain() {
    let outcome = run("python/langchain_client.py");
    outcome.returned(&json!({
        "chat": [true, 16],
        "stream": [true, 16],
        "tools": [true, 16],
        "response": [true, 16],
        "anthropic": [true, 16],
        "anthropic_stream": true,
        "embeddings": 1536,
    }));
    outcome.raised([
        ("401", "OpenAIAuthenticationError", "authentication_error"),
        ("402", "APIStatusError", "insufficient_quota"),
        ("403", "OpenAIPermissionDeniedError", "permission_error"),
        ("404", "OpenAIModelNotFoundError", "invalid_request_error"),
        ("429", "OpenAIRateLimitError", "requests"),
    ]);
    outcome.booked(&[
        (CHAT, false, 3, 16, GPT),
        (CHAT, true, 3, 16, GPT),
        (CHAT, false, 3, 16, GPT),
        (RESPONSES, false, 3, 16, GPT),
        (MESSAGES, false, 3, 16, CLAUDE),
        (MESSAGES, true, 3, 16, CLAUDE),
        (EMBEDDINGS, false, 3, 0, VECTORS),
    ]);
}

#[test]
fn litellm() {
    let outcome = run("python/litellm_client.py");
    outcome.returned(&json!({
        "chat": 16,
        "stream": true,
        "tools": 16,
        "anthropic": 16,
        "anthropic_v1": 16,
        "embeddings": 3,
        "refused": [["AuthenticationError", 401], ["NotFoundError", 404], ["RateLimitError", 429]],
    }));
    outcome.booked(&[
        (CHAT, false, 3, 16, GPT),
        (CHAT, true, 3, 16, GPT),
        (CHAT, false, 3, 16, GPT),
        (MESSAGES, false, 3, 16, CLAUDE),
        (MESSAGES, false, 3, 16, CLAUDE),
        (EMBEDDINGS, false, 3, 0, VECTORS),
    ]);
}

#[test]
fn vercel() {
    let outcome = run("js/vercel_client.mjs");
    outcome.returned(&json!({
        "chat": 16,
        "stream": [true, 16],
        "response": [true, 16],
        "tools": 16,
        "anthropic": [true, 16],
        "embeddings": 1536,
    }));
    outcome.raised([
        ("401", "APICallError", "authentication_error"),
        ("402", "APICallError", "insufficient_quota"),
        ("403", "APICallError", "permission_error"),
        ("404", "APICallError", "invalid_request_error"),
        ("429", "APICallError", "requests"),
    ]);
    outcome.booked(&[
        (CHAT, false, 3, 16, GPT),
        (CHAT, true, 3, 16, GPT),
        (RESPONSES, false, 3, 16, GPT),
        (CHAT, false, 3, 16, GPT),
        (MESSAGES, false, 3, 16, CLAUDE),
        (EMBEDDINGS, false, 3, 0, VECTORS),
    ]);
}
