//! Fields that decide what a call may cost.

use super::{gemini, read};
use crate::policy::MediaTokens;
use crate::request::{BodyError, Endpoint, GeminiVerb, ModelRequest, Rewrite, read_body};
use proptest::prelude::*;

#[test]
fn a_chat_completion_is_read() {
    let body = r#"{"messages":[{"role":"user","content":"hi"}],"mod\u0065l":" gpt-4\u002e1 ",
        "stream":true,"stream_options":{"include_usage":true},"max_tokens":5,
        "max_completion_tokens":9.0,"n":3,"user":"u-1","temperature":0.5,"stop":null}"#;
    let request = read(&Endpoint::ChatCompletions, body).unwrap();
    assert_eq!(request.model, " gpt-4.1 ");
    assert!(request.stream && request.include_usage);
    assert_eq!(
        request.output_limits.read_as(None),
        Some(9),
        "the larger of two caps"
    );
    assert_eq!(request.choices, 3);
    assert_eq!(request.user.as_deref(), Some("u-1"));
}

#[test]
fn every_dialect_has_its_own_names() {
    let gemini = gemini(GeminiVerb::GenerateContent);
    type Expected<'a> = (bool, Option<u64>, u64, Option<&'a str>);
    let cases: &[(&Endpoint, &str, Expected)] = &[
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m"}"#,
            (false, None, 1, None),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","stream":null,"n":null,"max_tokens":null,"user":null,
                "stream_options":null}"#,
            (false, None, 1, None),
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"m","n":0,"max_tokens":0,"user":"","max_output_tokens":7,
                "metadata":{"user_id":"x"},"prompt":["a","b"]}"#,
            (false, None, 1, None),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":["a","b",[1,2]],"n":2,"best_of":4,"max_tokens":10}"#,
            (false, Some(10), 12, None),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":[1,2,3],"n":2}"#,
            (false, None, 2, None),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":[],"n":2}"#,
            (false, None, 2, None),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":null}"#,
            (false, None, 1, None),
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"m","prompt":"a"}"#,
            (false, None, 1, None),
        ),
        (
            &Endpoint::Responses,
            r#"{"model":"m","stream":true,"max_output_tokens":7,"max_tokens":"x","user":"u",
                "background":false,"prompt":{"id":"p"}}"#,
            (true, Some(7), 1, Some("u")),
        ),
        (
            &Endpoint::Messages,
            r#"{"model":"m","stream":true,"max_tokens":7,"metadata":{"user_id":"u"},"n":9}"#,
            (true, Some(7), 1, Some("u")),
        ),
        (
            &Endpoint::Messages,
            r#"{"model":"m","metadata":null}"#,
            (false, None, 1, None),
        ),
        (
            &Endpoint::CountTokens,
            r#"{"model":"m","messages":[]}"#,
            (false, None, 1, None),
        ),
        (
            &Endpoint::Embeddings,
            r#"{"model":"m","input":["a"],"encoding_format":"base64","user":"u"}"#,
            (false, None, 1, Some("u")),
        ),
        (
            &gemini,
            r#"{"contents":[],"generationConfig":{"maxOutputTokens":7,"candidateCount":2}}"#,
            (false, Some(7), 2, None),
        ),
        (
            &gemini,
            r#"{"generation_config":{"max_output_tokens":7,"candidate_count":2},"stream":true}"#,
            (false, Some(7), 2, None),
        ),
        (&gemini, "{}", (false, None, 1, None)),
    ];
    for (endpoint, body, expected) in cases {
        let request = read(endpoint, body).unwrap();
        let found = (
            request.stream,
            request.output_limits.read_as(None),
            request.choices,
            request.user.as_deref(),
        );
        assert_eq!(found, *expected, "{body}");
    }
}

#[test]
fn the_path_of_gemini_names_the_model_and_the_stream() {
    let endpoint = gemini(GeminiVerb::StreamGenerateContent);
    for body in [
        "{}",
        r#"{"model":null}"#,
        r#"{"model":"gemini-2.5-flash"}"#,
        r#"{"model":"models/gemini-2.5-flash"}"#,
    ] {
        let request = read(&endpoint, body).unwrap();
        assert_eq!(
            (&*request.model, request.stream),
            ("gemini-2.5-flash", true)
        );
    }
    let other = read(&endpoint, r#"{"model":"models/gemini-2.5-pro"}"#);
    assert_eq!(other, Err(BodyError::Ambiguous { field: "model" }));
}

/// Texts that are nearly bodies.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"model\"",
        "\"m\"",
        "\"stream_options\"",
        "\"include_usage\"",
        "\"n\"",
        "\"generationConfig\"",
        "\"metadata\"",
        "\"prompt\"",
        "null",
        "true",
        "1",
        "-1",
        "1e9",
        "\"\\u0061\"",
        "\"\\ud800\"",
        " ",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

fn endpoints() -> [Endpoint; 8] {
    [
        Endpoint::ChatCompletions,
        Endpoint::Completions,
        Endpoint::Embeddings,
        Endpoint::Responses,
        Endpoint::Messages,
        Endpoint::CountTokens,
        gemini(GeminiVerb::GenerateContent),
        gemini(GeminiVerb::StreamGenerateContent),
    ]
}

fn check(request: &ModelRequest<'_>) {
    assert!(!request.model.trim().is_empty() && request.choices >= 1);
    assert!(request.prompt.likely_tokens() >= 1);
    let prompt = &request.prompt;
    let unset = MediaTokens::default();
    let media = [prompt.image_tokens(&unset), prompt.audio_tokens(&unset)];
    let most = media
        .into_iter()
        .fold(prompt.ceiling_tokens(), u64::saturating_add);
    assert!(prompt.likely_tokens() <= most);
    assert!(request.other_models.len() <= 16 && request.references.stored.len() <= 64);
    assert!((1..=2).contains(&request.passes));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        for endpoint in endpoints() {
            if let Ok(request) = read_body(&endpoint, &bytes) {
                check(&request);
            }
        }
    }

    #[test]
    fn any_broken_json_is_read_or_refused(text in nearly_json(), inner in nearly_json()) {
        let wrapped = format!("{{\"model\":\"m\",{inner}}}");
        for endpoint in endpoints() {
            for body in [&text, &wrapped] {
                if let Ok(request) = read(&endpoint, body) {
                    check(&request);
                    prop_assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
                    let to = Rewrite { model: Some("x"), force_usage: true, ..Rewrite::default() };
                    if let Some(rewritten) = request.rewrite(body.as_bytes(), &to) {
                        prop_assert!(read_body(&endpoint, &rewritten).is_ok() || endpoint.format() ==
                            crate::wire_format::WireFormat::Gemini);
                    }
                }
            }
        }
    }
}
