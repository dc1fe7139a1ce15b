//! The provider over a real socket.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod fake;

use fake::Fake;
use reqwest::Response;
use serde_json::{Value, json};

fn chat(stream: bool) -> Value {
    json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "12345678"}], "stream": stream})
}

async fn events(response: Response) -> Vec<String> {
    let text = response.text().await.unwrap();
    text.split_terminator("\n\n")
        .map(|e| e.strip_prefix("data: ").unwrap().to_owned())
        .collect()
}

fn parsed(events: &[String]) -> Vec<Value> {
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(done, "[DONE]");
    chunks
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect()
}

#[tokio::test]
async fn a_completion_has_openais_shape() {
    let fake = Fake::start().await;
    let request = fake.post("/v1/chat/completions", &chat(false));
    let response = request
        .header("x-fake-cached-tokens", "1")
        .header("x-fake-reasoning-tokens", "3")
        .send()
        .await
        .unwrap();
    assert!(response.headers().contains_key("x-request-id"));
    assert!(response.headers().contains_key("content-length"));
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["model"], "gpt-4.1");
    assert_eq!(body["choices"][0]["message"]["role"], "assistant");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["prompt_tokens"], 2);
    assert_eq!(body["usage"]["completion_tokens"], 16);
    assert_eq!(body["usage"]["total_tokens"], 18);
    assert_eq!(body["usage"]["prompt_tokens_details"]["cached_tokens"], 1);
    assert_eq!(
        body["usage"]["completion_tokens_details"]["reasoning_tokens"],
        3
    );
}

#[tokio::test]
async fn an_answer_says_which_tier_served_it() {
    let fake = Fake::start().await;
    let input = json!({"model": "m", "input": "x"});
    for (path, body) in [
        ("/v1/chat/completions", chat(false)),
        ("/v1/responses", input),
    ] {
        for (asked, told) in [(None, "default"), (Some("flex"), "flex")] {
            let mut request = fake.post(path, &body);
            if let Some(tier) = asked {
                request = request.header("x-fake-service-tier", tier);
            }
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            assert_eq!(answer["service_tier"], told, "{path}");
        }
    }
    let request = fake.post("/v1/chat/completions", &chat(true));
    let stream = request.header("x-fake-service-tier", "flex");
    for chunk in parsed(&events(stream.send().await.unwrap()).await) {
        assert_eq!(chunk["service_tier"], "flex");
    }
}

#[tokio::test]
async fn a_limit_cuts_the_completion() {
    let fake = Fake::start().await;
    let body = json!({"model": "m", "prompt": "x", "max_tokens": 3, "n": 2});
    let body: Value = fake
        .post("/v1/completions", &body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(body["choices"][1]["finish_reason"], "length");
    assert_eq!(body["usage"]["completion_tokens"], 6);
}

#[tokio::test]
async fn a_stream_has_usage_only_where_asked() {
    let fake = Fake::start().await;
    let silent = fake
        .post("/v1/chat/completions", &chat(true))
        .send()
        .await
        .unwrap();
    assert_eq!(
        silent.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    let silent = parsed(&events(silent).await);
    assert_eq!(silent.len(), 18);
    assert!(silent.iter().all(|chunk| chunk.get("usage").is_none()));

    let mut asking = chat(true);
    asking["stream_options"] = json!({"include_usage": true});
    let asked = fake
        .post("/v1/chat/completions", &asking)
        .send()
        .await
        .unwrap();
    let asked = parsed(&events(asked).await);
    assert_eq!(asked.len(), 19);
    assert_eq!(asked[18]["choices"], json!([]));
    assert_eq!(asked[18]["usage"]["completion_tokens"], 16);
    assert!(asked[..18].iter().all(|chunk| chunk["usage"].is_null()));

    let request = fake
        .post("/v1/chat/completions", &asking)
        .header("x-fake-no-usage", "1");
    let none = parsed(&events(request.send().await.unwrap()).await);
    assert!(none.iter().all(|chunk| chunk.get("usage").is_none()));

    let request = fake.post("/v1/chat/completions", &chat(true));
    let finish = request
        .header("x-fake-usage-on-finish", "1")
        .send()
        .await
        .unwrap();
    let finish = parsed(&events(finish).await);
    assert_eq!(finish[17]["usage"]["prompt_tokens"], 2);
    assert_eq!(finish[17]["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn errors_come_as_asked_and_stop() {
    let fake = Fake::start().await;
    let attempt = || {
        let request = fake.post("/v1/chat/completions", &chat(false));
        request
            .header("x-fake-fail-times", "2")
            .header("x-fake-token", "t")
            .header("x-fake-status", "429")
            .header("x-fake-retry-after", "7")
            .send()
    };
    let first = attempt().await.unwrap();
    assert_eq!(first.status(), 429);
    assert_eq!(first.headers()["retry-after"], "7");
    let error: Value = first.json().await.unwrap();
    assert_eq!(error["error"]["code"], "rate_limit_exceeded");
    assert_eq!(attempt().await.unwrap().status(), 429);
    assert_eq!(attempt().await.unwrap().status(), 200);
    let wrong = fake.post("/v1/nothing", &json!({})).send().await.unwrap();
    assert_eq!(wrong.status(), 404);
}

#[tokio::test]
async fn a_broken_stream_is_counted() {
    let fake = Fake::start().await;
    let request = fake
        .post("/v1/chat/completions", &chat(true))
        .header("x-fake-reset-after", "3");
    let mut response = request.send().await.unwrap();
    let mut text = Vec::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => text.extend_from_slice(&chunk),
            end => break end,
        }
    };
    assert!(end.is_err(), "{end:?}");
    assert_eq!(
        String::from_utf8(text).unwrap().matches("data: ").count(),
        3
    );
    let stats = fake.get("/_fake/stats").await;
    assert_eq!(stats["aborted"], 1);
    assert_eq!(stats["requests"], 1);
}

#[tokio::test]
async fn split_bodies_and_trailers_keep_the_bytes() {
    let fake = Fake::start().await;
    let split = fake
        .post("/v1/chat/completions", &chat(false))
        .header("x-fake-split", "1");
    let body: Value = split
        .header("x-fake-trailers", "1")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(
        body["choices"][0]["message"]["content"]
            .as_str()
            .unwrap()
            .contains('日')
    );
}

#[tokio::test]
async fn embeddings_come_as_numbers_or_base64() {
    let fake = Fake::start().await;
    let body = json!({"model": "e", "input": ["one", "two"], "dimensions": 2});
    let plain: Value = fake
        .post("/v1/embeddings", &body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(plain["data"][1]["embedding"].as_array().unwrap().len(), 2);
    assert_eq!(
        plain["usage"],
        json!({"prompt_tokens": 1, "total_tokens": 1})
    );
    let body = json!({"model": "e", "input": "one", "dimensions": 3, "encoding_format": "base64"});
    let coded: Value = fake
        .post("/v1/embeddings", &body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(coded["data"][0]["embedding"].as_str().unwrap().len(), 16);
}

#[tokio::test]
async fn h2c_is_answered_and_requests_are_kept() {
    let mut fake = Fake::start().await;
    fake.client = paddock_local::client()
        .unwrap()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    fake.post("/v1/chat/completions", &chat(false))
        .header("x-a", "b")
        .send()
        .await
        .unwrap();
    let seen = fake.get("/_fake/requests").await;
    assert_eq!(seen[0]["version"], "HTTP/2.0");
    assert_eq!(seen[0]["path"], "/v1/chat/completions");
    assert!(
        seen[0]["headers"]
            .as_array()
            .unwrap()
            .contains(&json!(["x-a", "b"]))
    );
    assert_eq!(
        serde_json::from_str::<Value>(seen[0]["body"].as_str().unwrap()).unwrap(),
        chat(false)
    );
    let clear = fake
        .client
        .delete(format!("{}/_fake/requests", fake.url))
        .send()
        .await
        .unwrap();
    assert_eq!(clear.status(), 204);
    assert_eq!(fake.get("/_fake/requests").await, json!([]));
    assert_eq!(fake.get("/v1/models").await["object"], "list");
}
