//! OpenAI's, which also reaches the other providers.

use super::run;
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const EMBEDDINGS: &str = "/v1/embeddings";
const GPT: (i64, i64) = (2_500, 8_000);
/// An image of a thousand tokens.
const IMAGE: i64 = 1_000 * 30_000;

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

/// Images, sound, rerank and moderations.
#[test]
fn python_media() {
    let outcome = run("python/openai_media_client.py");
    let speech = 12 * 12;
    outcome.returned(&json!({
        "dall-e": [2, "https://images.test/1.png"],
        "image": [true, 1_000],
        "image_stream": [
            "image_generation.partial_image", "image_generation.partial_image",
            "image_generation.completed",
        ],
        "edit": 60,
        "speech": speech, "speech_stream": 5 * 12,
        "heard": ["Three rivers.", 6.0],
        "heard_verbose": 6.0,
        "heard_as_subtitles": "Three rivers.\n",
        "heard_stream": ["transcript.text.delta", "transcript.text.done"],
        "translated": "Three rivers.",
        "judged": [2, false],
        "ranked": 2,
    }));
    outcome.raised([
        ("401", "AuthenticationError", "authentication_error"),
        ("402", "APIStatusError", "insufficient_quota"),
        ("403", "PermissionDeniedError", "permission_error"),
        ("404", "NotFoundError", "invalid_request_error"),
        ("429", "RateLimitError", "requests"),
    ]);
    let (images, heard) = ("/v1/images/generations", "/v1/audio/transcriptions");
    let second = 100_000;
    outcome.booked_units(&[
        (images, json!({"image": 2}), false, 240_000_000),
        (images, json!({"image": 1}), false, IMAGE + 5_000),
        (images, json!({"image": 1}), false, IMAGE + 5_000),
        (
            "/v1/images/edits",
            json!({"image": 1}),
            false,
            IMAGE + 5_000 + 60 * 8_000,
        ),
        (
            "/v1/audio/speech",
            json!({"character": 12}),
            false,
            12 * 15_000,
        ),
        (
            "/v1/audio/speech",
            json!({"character": 5}),
            false,
            5 * 15_000,
        ),
        (heard, json!({"second": 6}), false, 6 * second),
        (heard, json!({"second": 6}), false, 6 * second),
        // Subtitles do not say how long the sound is: 6,000 bytes may last for 8 seconds.
        (heard, json!({"second": 8}), true, 8 * second),
        (heard, json!(null), false, 10 * 2_500 + 4 * 10_000),
        (
            "/v1/audio/translations",
            json!({"second": 6}),
            false,
            6 * second,
        ),
        ("/v1/moderations", json!(null), true, 0),
        ("/v1/rerank", json!({"search_unit": 1}), false, 2_000_000),
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
