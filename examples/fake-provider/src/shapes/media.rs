//! Images, sound, rerank and moderations: OpenAI's shapes, and Cohere's and Voyage's.
//!
//! What is counted, and in what, depends on the model's name as it does at the providers.

use crate::answer::Composed;
use crate::request::Request;
use bytes::Bytes;
use serde_json::{Value, json};

/// Tokens of an image that is made.
const IMAGE_TOKENS: u64 = 1_000;
/// A pixel.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=";
/// What is heard, whatever is said.
const HEARD: &str = "Three rivers.";
/// Bytes of a second of sound.
const SECOND: usize = 1_000;

fn usage_of_images(request: &Request, images: u64) -> Value {
    let (text, sent) = (request.prompt_tokens(), request.file_bytes as u64);
    let output = images.saturating_mul(IMAGE_TOKENS);
    let input = text.saturating_add(sent);
    json!({
        "total_tokens": input.saturating_add(output), "input_tokens": input, "output_tokens": output,
        "input_tokens_details": {"text_tokens": text, "image_tokens": sent},
    })
}

/// DALL-E's images have addresses and no usage; others are sent, and their tokens counted.
pub fn images(model: &str, request: &Request) -> Value {
    let count = request.choices().clamp(1, 10);
    let by_address = model.starts_with("dall-e");
    let image = match by_address {
        true => json!({"url": "https://images.test/1.png"}),
        false => json!({"b64_json": PICTURE}),
    };
    let data: Vec<&Value> = (0..count).map(|_| &image).collect();
    let mut answer = json!({"created": 1, "data": data});
    if !by_address && let Some(answer) = answer.as_object_mut() {
        answer.insert("usage".to_owned(), usage_of_images(request, count));
    }
    answer
}

/// A stream of partial images, and the whole one.
pub fn image_events(request: &Request) -> Vec<String> {
    let event = |body: Value| {
        let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
        format!("event: {kind}\ndata: {body}\n\n")
    };
    let partial = |index: u64| {
        event(json!({
            "type": "image_generation.partial_image", "b64_json": PICTURE,
            "partial_image_index": index, "size": "1024x1024", "quality": "high",
            "background": "opaque", "output_format": "png", "created_at": 1,
        }))
    };
    let mut events: Vec<String> = (0..request.partial_images.unwrap_or(0).min(3))
        .map(partial)
        .collect();
    events.push(event(json!({
        "type": "image_generation.completed", "b64_json": PICTURE, "size": "1024x1024",
        "quality": "high", "background": "opaque", "output_format": "png", "created_at": 1,
        "usage": usage_of_images(request, 1),
    })));
    events
}

/// Sound, in pieces: one for each character.
pub fn sound(request: &Request) -> Vec<Bytes> {
    let text = request.input.as_ref().and_then(Value::as_str);
    let count = text.unwrap_or_default().chars().count().clamp(1, 4_096);
    let piece = Bytes::from_static(b"\xff\xf3\x44\xc4{\"data: ");
    vec![piece; count]
}

/// Sound as events, with its tokens at the end.
pub fn speech_events(request: &Request) -> Vec<String> {
    let count = sound(request).len() as u64;
    let delta = json!({"type": "speech.audio.delta", "audio": "//M="});
    let done = json!({
        "type": "speech.audio.done",
        "usage": {"input_tokens": 4, "output_tokens": count, "total_tokens": count.saturating_add(4)},
    });
    [delta, done].map(|body| format!("data: {body}\n\n")).into()
}

fn seconds(request: &Request) -> usize {
    request.file_bytes.div_ceil(SECOND)
}

fn tokens(request: &Request) -> Value {
    let input = seconds(request).saturating_mul(10);
    json!({
        "type": "tokens", "input_tokens": input, "output_tokens": 4,
        "total_tokens": input.saturating_add(4),
        "input_token_details": {"text_tokens": 0, "audio_tokens": input},
    })
}

/// What is heard, in the format that is asked for.
pub fn heard(model: &str, request: &Request) -> Composed {
    let seconds = seconds(request);
    let body = match request.response_format.as_ref().and_then(Value::as_str) {
        Some("text" | "srt" | "vtt") => {
            return Composed {
                kind: "text/plain; charset=utf-8",
                parts: vec![Bytes::from_static(b"Three rivers.\n")],
            };
        }
        Some("verbose_json") => json!({
            "task": "transcribe", "language": "english", "duration": seconds, "text": HEARD,
            "segments": [], "usage": {"type": "duration", "seconds": seconds},
        }),
        _ if model.contains("transcribe") => json!({"text": HEARD, "usage": tokens(request)}),
        _ => json!({"text": HEARD, "usage": {"type": "duration", "seconds": seconds}}),
    };
    Composed::json(body.to_string())
}

/// The same as a stream.
pub fn hearing_events() -> Vec<String> {
    let delta = json!({"type": "transcript.text.delta", "delta": HEARD});
    let done = json!({
        "type": "transcript.text.done", "text": HEARD,
        "usage": {
            "type": "tokens", "input_tokens": 10, "output_tokens": 4, "total_tokens": 14,
            "input_token_details": {"text_tokens": 0, "audio_tokens": 10},
        },
    });
    [delta, done].map(|body| format!("data: {body}\n\n")).into()
}

/// Cohere's answer; models of two numbers, as `rerank-2.5`, are Voyage's.
pub fn ranked(model: &str, request: &Request) -> Value {
    let documents = request.documents.as_ref().map_or(0, Vec::len);
    let results: Vec<Value> = (0..documents)
        .map(|index| json!({"index": index, "relevance_score": 0.5}))
        .collect();
    match model.starts_with("rerank-v") {
        true => json!({
            "id": "r1", "results": results,
            "meta": {"billed_units": {"search_units": documents.div_ceil(100)}},
        }),
        false => json!({
            "object": "list", "data": results, "model": model,
            "usage": {"total_tokens": documents.saturating_mul(10)},
        }),
    }
}

/// Nothing is ever flagged.
pub fn judged(model: &str, request: &Request) -> Value {
    let judged = json!({"flagged": false, "categories": {}, "category_scores": {}});
    let results = vec![judged; request.inputs().len()];
    json!({"id": "modr-1", "model": model, "results": results})
}
