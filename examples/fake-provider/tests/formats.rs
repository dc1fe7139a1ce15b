//! The formats of Anthropic, Google and OpenAI's responses, over a real socket.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod fake;

use fake::Fake;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

const GENERATE: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const STREAM: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";

fn messages(stream: bool) -> Value {
    json!({"model": "claude-sonnet-4.5", "max_tokens": 3, "stream": stream,
        "messages": [{"role": "user", "content": "12345678"}]})
}

fn contents() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "12345678"}]}]})
}

async fn text(request: RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
}

async fn value(request: RequestBuilder) -> Value {
    serde_json::from_str(&text(request).await).unwrap()
}

/// The data of each event; where an event has a type of its own, it is the data's.
fn events(stream: &str) -> Vec<Value> {
    let events = stream.replace("\r\n", "\n");
    let event = |event: &str| {
        let (kind, data) = event.split_once("data: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        if let Some(kind) = kind.strip_prefix("event: ") {
            assert_eq!(data["type"], kind.trim_end());
        }
        data
    };
    events.split_terminator("\n\n").map(event).collect()
}

#[tokio::test]
async fn anthropics_input_excludes_what_the_cache_took() {
    let fake = Fake::start().await;
    let steer = |request: RequestBuilder| {
        let request = request.header("x-fake-exact-prompt-tokens", "100");
        let request = request.header("x-fake-cached-tokens", "40");
        let request = request.header("x-fake-cache-write-5m-tokens", "20");
        request.header("x-fake-cache-write-1h-tokens", "10")
    };
    let whole = value(steer(fake.post("/v1/messages", &messages(false)))).await;
    assert_eq!(whole["stop_reason"], "max_tokens");
    let usage = &whole["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["output_tokens"]),
        (&json!(30), &json!(3))
    );
    assert_eq!(usage["cache_creation_input_tokens"], 30);
    assert_eq!(usage["cache_creation"]["ephemeral_1h_input_tokens"], 10);

    let stream = text(steer(fake.post("/v1/messages", &messages(true)))).await;
    let events = events(&stream);
    assert_eq!(
        events.first().unwrap()["message"]["usage"]["output_tokens"],
        1
    );
    let delta = &events[events.len() - 2];
    assert_eq!(delta["type"], "message_delta");
    assert_eq!(delta["usage"]["output_tokens"], 3);
    assert_eq!(delta["usage"]["cache_read_input_tokens"], 40);
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    let count = value(fake.post("/v1/messages/count_tokens", &messages(false))).await;
    assert_eq!(count, json!({"input_tokens": 2}));
}

#[tokio::test]
async fn googles_counts_run_and_its_stream_is_an_array_or_events() {
    let fake = Fake::start().await;
    let steer = |request: RequestBuilder| request.header("x-fake-reasoning-tokens", "6");
    let whole = value(steer(fake.post(GENERATE, &contents()))).await;
    let usage = json!({"promptTokenCount": 2, "candidatesTokenCount": 10, "totalTokenCount": 18,
        "thoughtsTokenCount": 6, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 2}]});
    assert_eq!(whole["usageMetadata"], usage);
    let events = events(&text(steer(fake.post(&format!("{STREAM}?alt=sse"), &contents()))).await);
    let array = value(steer(fake.post(STREAM, &contents()))).await;
    let array = array.as_array().unwrap();
    assert_eq!((array.len(), events.len()), (16, 16));
    for answers in [array, &events] {
        assert_eq!(answers[3]["usageMetadata"]["candidatesTokenCount"], 4);
        assert_eq!(answers[15]["usageMetadata"], usage);
        assert_eq!(answers[15]["candidates"][0]["finishReason"], "STOP");
    }
    let count = "/v1/models/gemini-2.5-flash:countTokens";
    assert_eq!(value(fake.post(count, &contents())).await["totalTokens"], 2);
    let batch = json!({"requests": [{"content": {"parts": [{"text": "12345678"}]}}]});
    let path = "/v1beta/models/gemini-embedding-001:batchEmbedContents";
    let answer = value(fake.post(path, &batch)).await;
    assert_eq!(
        answer["embeddings"][0]["values"].as_array().unwrap().len(),
        1536
    );
    assert_eq!(answer["usageMetadata"]["promptTokenCount"], 2);
}

#[tokio::test]
async fn a_response_ends_with_the_whole_of_it() {
    let fake = Fake::start().await;
    let ask = |stream: bool, limit: u64| {
        let body = json!({"model": "gpt-4.1", "input": "12345678", "stream": stream,
            "max_output_tokens": limit});
        let request = fake.post("/v1/responses", &body);
        request.header("x-fake-reasoning-tokens", "2")
    };
    let usage = json!({"input_tokens": 2, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 16, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 18});
    assert_eq!(value(ask(false, 100)).await["usage"], usage);
    let whole = events(&text(ask(true, 100)).await);
    assert_eq!(whole[0]["response"]["usage"], Value::Null);
    let last = whole.last().unwrap();
    assert_eq!(
        (&last["type"], &last["response"]["usage"]),
        (&json!("response.completed"), &usage)
    );
    let cut = events(&text(ask(true, 3)).await);
    assert_eq!(cut.last().unwrap()["type"], "response.incomplete");
}

#[tokio::test]
async fn errors_are_in_the_format_of_the_path() {
    let fake = Fake::start().await;
    let fail = |path: &str| fake.post(path, &json!({})).header("x-fake-status", "429");
    assert_eq!(
        value(fail("/v1/messages")).await["error"]["type"],
        "rate_limit_error"
    );
    assert_eq!(
        value(fail(GENERATE)).await["error"]["status"],
        "RESOURCE_EXHAUSTED"
    );
    assert_eq!(
        value(fail("/v1/responses")).await["error"]["code"],
        "rate_limit_exceeded"
    );
}

#[tokio::test]
async fn a_stalled_answer_waits_for_its_client_to_leave() {
    let fake = Fake::start().await;
    let request = fake.post("/v1/messages", &messages(true));
    let mut response = request
        .header("x-fake-stall-after", "2")
        .send()
        .await
        .unwrap();
    let mut seen = Vec::new();
    while seen.windows(2).filter(|pair| pair == b"\n\n").count() < 2 {
        seen.extend_from_slice(&response.chunk().await.unwrap().unwrap());
    }
    drop(response);
    while fake.get("/_fake/stats").await["aborted"] != 1 {
        tokio::task::yield_now().await;
    }
}
