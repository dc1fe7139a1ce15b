//! Features in every dialect.

use super::*;
use crate::request::read_body;
use serde_json::{Value, json};

const GEMINI: &str = "/v1beta/models/auto:generateContent";

fn features(path: &str, body: &Value) -> Features {
    features_with(path, body, &Hints::default())
}

fn features_with(path: &str, body: &Value, hints: &Hints) -> Features {
    let endpoint = Endpoint::of(b"POST", path.as_bytes()).unwrap();
    let mut body = body.clone();
    if path != GEMINI {
        body["model"] = json!("auto");
    }
    let bytes = serde_json::to_vec(&body).unwrap();
    let request = read_body(&endpoint, &bytes).unwrap();
    read_features(&endpoint, &request, &bytes, hints)
}

#[test]
fn each_dialect_says_how_much_how_warm_and_as_whom() {
    for (path, body) in [
        (
            "/v1/chat/completions",
            json!({"max_tokens": 64, "temperature": 0.25, "messages": [
                {"role": "system", "content": "You CLASSIFY"},
                {"role": "user", "content": "secret words"},
                {"role": "developer", "content": [{"type": "text", "text": "Briefly"}]}]}),
        ),
        (
            "/v1/responses",
            json!({"max_output_tokens": 64, "temperature": 0.25, "instructions": "You CLASSIFY",
                "input": [{"role": "developer", "content": [{"type": "input_text", "text": "Briefly"}]},
                    {"role": "user", "content": "secret words"}]}),
        ),
        (
            "/v1/messages",
            json!({"max_tokens": 64, "temperature": 0.25,
                "system": [{"type": "text", "text": "You CLASSIFY"}, {"type": "text", "text": "Briefly"}],
                "messages": [{"role": "user", "content": "secret words"}]}),
        ),
        (
            GEMINI,
            json!({"generationConfig": {"maxOutputTokens": 64, "temperature": 0.25},
                "systemInstruction": {"parts": [{"text": "You CLASSIFY"}, {"text": "Briefly"}]},
                "contents": [{"role": "user", "parts": [{"text": "secret words"}]}]}),
        ),
    ] {
        let found = features(path, &body);
        assert_eq!(found.max_output_tokens, Some(64), "{path}");
        assert_eq!(found.temperature, Temperature::from_number(0.25), "{path}");
        assert_eq!(found.system_prompt, "you classify\nbriefly", "{path}");
        assert!(found.needs.is_empty() && !found.batch, "{path} {found:?}");
    }
    let anthropic = json!({"max_tokens": 1, "system": "Only TEXT", "messages": []});
    assert_eq!(
        features("/v1/messages", &anthropic).system_prompt,
        "only text"
    );
}

#[test]
fn what_a_request_needs_of_a_model_is_seen() {
    let chat = "/v1/chat/completions";
    let part = |part: Value| json!({"messages": [{"role": "user", "content": [part]}]});
    let gemini = |part: Value| json!({"contents": [{"parts": [part]}]});
    let config = |config: Value| json!({"contents": [], "generationConfig": config});
    for (path, body, needs) in [
        (
            chat,
            json!({"messages": [], "tools": [], "reasoning_effort": "none"}),
            "",
        ),
        (
            chat,
            json!({"messages": [], "tools": [{"type": "function"}]}),
            "tools",
        ),
        (
            chat,
            json!({"messages": [], "functions": [{"name": "f"}]}),
            "tools",
        ),
        (
            chat,
            json!({"messages": [], "response_format": {"type": "json_schema"}}),
            "json",
        ),
        (
            chat,
            json!({"messages": [], "response_format": {"type": "text"}}),
            "",
        ),
        (
            chat,
            json!({"messages": [], "reasoning_effort": "high"}),
            "reasoning",
        ),
        (
            chat,
            json!({"messages": [], "modalities": ["text", "audio"]}),
            "audio",
        ),
        (
            chat,
            part(json!({"type": "image_url", "image_url": {"url": "https://x/y"}})),
            "vision",
        ),
        (
            chat,
            part(json!({"type": "input_audio", "input_audio": {}})),
            "audio",
        ),
        (chat, part(json!({"type": "file", "file": {}})), "documents"),
        (chat, part(json!({"type": "text", "text": "image_url"})), ""),
        (
            "/v1/responses",
            json!({"input": "x", "reasoning": {"effort": "low"}}),
            "reasoning",
        ),
        (
            "/v1/responses",
            json!({"input": "x", "text": {"format": {"type": "json_object"}}}),
            "json",
        ),
        (
            "/v1/responses",
            json!({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}),
            "vision",
        ),
        ("/v1/embeddings", json!({"input": "x"}), "embeddings"),
        (
            "/v1/messages",
            part(json!({"type": "image", "source": {}})),
            "vision",
        ),
        (
            "/v1/messages",
            part(json!({"type": "tool_result", "content": [{"type": "image"}]})),
            "vision",
        ),
        (
            "/v1/messages",
            json!({"messages": [], "thinking": {"type": "enabled"}}),
            "reasoning",
        ),
        (
            "/v1/messages",
            json!({"messages": [], "thinking": {"type": "disabled"}}),
            "",
        ),
        (
            GEMINI,
            gemini(json!({"inlineData": {"mimeType": "image/png", "data": ""}})),
            "vision",
        ),
        (
            GEMINI,
            gemini(json!({"inline_data": {"mime_type": "audio/wav"}})),
            "audio",
        ),
        (
            GEMINI,
            gemini(json!({"fileData": {"mimeType": "application/pdf"}})),
            "documents",
        ),
        (
            GEMINI,
            config(json!({"responseMimeType": "application/json"})),
            "json",
        ),
        (
            GEMINI,
            config(json!({"thinkingConfig": {"thinkingBudget": 1024}})),
            "reasoning",
        ),
        (
            GEMINI,
            config(json!({"thinkingConfig": {"thinkingBudget": 0}})),
            "",
        ),
        (
            GEMINI,
            json!({"contents": [], "tools": [{"functionDeclarations": []}]}),
            "tools",
        ),
    ] {
        assert_eq!(
            features(path, &body).needs.join(" "),
            needs,
            "{path} {body}"
        );
    }
}

#[test]
fn a_batch_and_a_priority_are_said_in_several_ways() {
    let chat = |more: Value| {
        let mut body = json!({"messages": []});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        features("/v1/chat/completions", &body)
    };
    for (more, batch) in [
        (json!({"batch_mode": true}), true),
        (json!({"batch_mode": false}), false),
        (json!({"metadata": {"batch_mode": "true"}}), true),
        (json!({"metadata": {"batch_mode": true}}), true),
        (json!({"metadata": {"batch_mode": "no"}}), false),
        (json!({"service_tier": "flex"}), true),
        (json!({"service_tier": "batch"}), true),
        (json!({"service_tier": "default"}), false),
    ] {
        assert_eq!(chat(more.clone()).batch, batch, "{more}");
    }
    assert_eq!(
        chat(json!({"priority": "low"})).priority,
        Some(Priority::Low)
    );
    assert_eq!(chat(json!({"priority": 1})).priority, None);
    let hints = Hints::read(Some(b"true"), Some(b"high"), Some(b"code,vision"));
    let body = json!({"messages": [], "priority": "low"});
    let found = features_with("/v1/chat/completions", &body, &hints);
    assert!(found.batch);
    assert_eq!(found.priority, Some(Priority::High), "the header decides");
    assert_eq!(found.needs, ["code", "vision"]);
}

#[test]
fn odd_shapes_are_no_features_and_no_failure() {
    let none = Features {
        format: Some(WireFormat::OpenAi),
        ..Features::default()
    };
    for body in [
        json!({"messages": {"role": "system"}, "temperature": "hot", "tools": "x", "metadata": 1}),
        json!({"messages": [1, null, {"role": 1, "content": 2}, {"content": [[], {"type": 3}]}]}),
        json!({"messages": [], "response_format": "json", "reasoning": [], "system": {"parts": 1}}),
        json!({"messages": [], "temperature": 1e300}),
    ] {
        assert_eq!(features("/v1/chat/completions", &body), none, "{body}");
    }
}
