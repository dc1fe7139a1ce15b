//! How large prompts are taken to be.

use super::{gemini, read};
use crate::request::{Endpoint, GeminiVerb, PromptSize};

fn size(text_bytes: u64, numbers: u64, objects: u64) -> PromptSize {
    PromptSize {
        text_bytes,
        numbers,
        objects,
        ..PromptSize::default()
    }
}

#[test]
fn all_a_model_reads_is_measured() {
    let gemini = gemini(GeminiVerb::GenerateContent);
    let cases: &[(&Endpoint, &str, PromptSize)] = &[
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"long name"}"#,
            size(0, 0, 0),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","temperature":0.7,"seed":-1,"max_tokens":9,"user":"u","stream":false}"#,
            size(0, 0, 0),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"messages":[{"role":"user","content":"h\u00e9llo\n"}],"model":"m"}"#,
            size(4 + 4 + 7 + 7, 0, 1),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","tools":[{"max":10,"strict":true,"x":null}]}"#,
            size(3 + 6 + 1, 1, 1),
        ),
        (
            &Endpoint::Embeddings,
            r#"{"model":"m","input":[[1,2],[3]]}"#,
            size(0, 3, 0),
        ),
        (
            &Endpoint::Embeddings,
            r#"{"model":"m","input":"abcd"}"#,
            size(4, 0, 0),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":["ab",[1,2]]}"#,
            size(2, 2, 0),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":[1,2,3]}"#,
            size(0, 3, 0),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":"abc"}"#,
            size(3, 0, 0),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":{"a":"b"}}"#,
            size(2, 0, 1),
        ),
        (
            &gemini,
            r#"{"generationConfig":{"maxOutputTokens":9,"responseSchema":{"type":"x"}}}"#,
            size(4 + 1, 0, 1),
        ),
        (
            &Endpoint::Messages,
            r#"{"model":"m","metadata":{"user_id":"u"}}"#,
            size(0, 0, 0),
        ),
    ];
    for (endpoint, body, expected) in cases {
        assert_eq!(read(endpoint, body).unwrap().prompt, *expected, "{body}");
    }
}

#[test]
fn tokens_are_likely_or_at_most() {
    for (prompt, likely, ceiling) in [
        (size(0, 0, 0), 1, 16),
        (size(400, 0, 0), 100, 216),
        (size(0, 7, 0), 7, 23),
        (size(0, 0, 2), 6, 32),
        (size(u64::MAX, u64::MAX, u64::MAX), u64::MAX, u64::MAX),
    ] {
        assert_eq!(
            (prompt.likely_tokens(), prompt.ceiling_tokens()),
            (likely, ceiling)
        );
    }
}
