//! How large prompts are taken to be.

use super::{gemini, read};
use crate::request::{Endpoint, GeminiVerb, PromptSize};

fn size(text_bytes: u64, numbers: u64, objects: u64, media: u64) -> PromptSize {
    PromptSize {
        text_bytes,
        numbers,
        objects,
        media,
    }
}

#[test]
fn all_a_model_reads_is_measured() {
    let gemini = gemini(GeminiVerb::GenerateContent);
    let cases: &[(&Endpoint, &str, PromptSize)] = &[
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"long name"}"#,
            size(0, 0, 0, 0),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","temperature":0.7,"seed":-1,"max_tokens":9,"user":"u","stream":false}"#,
            size(0, 0, 0, 0),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"messages":[{"role":"user","content":"h\u00e9llo\n"}],"model":"m"}"#,
            size(4 + 4 + 7 + 7, 0, 1, 0),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","tools":[{"max":10,"strict":true,"x":null}]}"#,
            size(3 + 6 + 1, 1, 1, 0),
        ),
        (
            &Endpoint::Embeddings,
            r#"{"model":"m","input":[[1,2],[3]]}"#,
            size(0, 3, 0, 0),
        ),
        (
            &Endpoint::Embeddings,
            r#"{"model":"m","input":"abcd"}"#,
            size(4, 0, 0, 0),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":["ab",[1,2]]}"#,
            size(2, 2, 0, 0),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":[1,2,3]}"#,
            size(0, 3, 0, 0),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":"abc"}"#,
            size(3, 0, 0, 0),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":{"a":"b"}}"#,
            size(2, 0, 1, 0),
        ),
        (
            &gemini,
            r#"{"generationConfig":{"maxOutputTokens":9,"responseSchema":{"type":"x"}}}"#,
            size(4 + 1, 0, 1, 0),
        ),
        (
            &Endpoint::Messages,
            r#"{"model":"m","metadata":{"user_id":"u"}}"#,
            size(0, 0, 0, 0),
        ),
    ];
    for (endpoint, body, expected) in cases {
        assert_eq!(read(endpoint, body).unwrap().prompt, *expected, "{body}");
    }
}

#[test]
fn media_are_items_and_not_text() {
    let base64 = "QUJD".repeat(300);
    let prose = "plain text ".repeat(150);
    let cases = [
        (r#"{"url":"data:image/png;base64,QUJD"}"#.to_owned(), 1, 3),
        (
            r#"{"image_url":"https://example.com/cat.png"}"#.to_owned(),
            1,
            9,
        ),
        (r#"{"fileUri":"gs://bucket/cat.png"}"#.to_owned(), 1, 7),
        (format!(r#"{{"data":"{base64}"}}"#), 1, 4),
        (format!(r#"{{"images":["{base64}","{base64}"]}}"#), 2, 6),
        // An Anthropic document of plain text is text, and so is what only looks like a medium.
        (
            format!(r#"{{"data":"{prose}"}}"#),
            0,
            4 + prose.len() as u64,
        ),
        (
            format!(r#"{{"url":"data:text/plain,{prose}"}}"#),
            0,
            3 + 16 + prose.len() as u64,
        ),
        (
            format!(r#"{{"content":"{base64}"}}"#),
            0,
            7 + base64.len() as u64,
        ),
        (
            format!(r#"{{"text":"data:image/png;base64,{base64}"}}"#),
            0,
            4 + 22 + 1_200,
        ),
        (
            format!(r#"{{"url":"https://{}"}}"#, "x".repeat(9_000)),
            0,
            3 + 8 + 9_000,
        ),
        (r#"{"data":"QUJD"}"#.to_owned(), 0, 4 + 4),
    ];
    for (part, media, text_bytes) in cases {
        let body = format!(r#"{{"model":"m","messages":[{part}]}}"#);
        let request = read(&Endpoint::ChatCompletions, &body).unwrap();
        let shown = part.get(..40).unwrap_or(&part);
        assert_eq!(request.prompt, size(text_bytes, 0, 1, media), "{shown}");
    }
}

#[test]
fn tokens_are_likely_or_at_most() {
    for (prompt, likely, ceiling) in [
        (size(0, 0, 0, 0), 1, 16),
        (size(400, 0, 0, 0), 100, 216),
        (size(0, 7, 0, 0), 7, 23),
        (size(0, 0, 2, 0), 6, 32),
        (size(0, 0, 0, 1), 1_000, 16),
        (
            size(u64::MAX, u64::MAX, u64::MAX, u64::MAX),
            u64::MAX,
            u64::MAX,
        ),
    ] {
        assert_eq!(
            (prompt.likely_tokens(), prompt.ceiling_tokens()),
            (likely, ceiling)
        );
    }
}
