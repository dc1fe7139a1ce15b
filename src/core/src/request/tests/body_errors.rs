//! Bodies that are refused, and what their senders are told.

use super::{gemini, read};
use crate::request::{BodyError, Endpoint, GeminiVerb, read_body};
use proptest::prelude::*;

#[test]
fn a_body_of_nothing_but_members_is_refused() {
    let members = |count: usize| {
        let all: Vec<String> = (0..count).map(|n| format!(r#""k{n}":1"#)).collect();
        all.join(",")
    };
    let chat = Endpoint::ChatCompletions;
    for (body, refused) in [
        (format!(r#"{{"model":"m",{}}}"#, members(99_999)), false),
        (format!(r#"{{"model":"m",{}}}"#, members(100_000)), true),
        (
            format!(r#"{{"model":"m","messages":[{{{}}}]}}"#, members(100_000)),
            true,
        ),
        (
            format!(
                r#"{{"model":"m","metadata":{{"a":{{{}}}}}}}"#,
                members(100_000)
            ),
            true,
        ),
        (
            format!(r#"{{"model":"m","tools":[{{{}}}]}}"#, members(100_000)),
            true,
        ),
    ] {
        let read = read_body(&chat, body.as_bytes());
        let is_refused = read == Err(BodyError::TooManyMembers);
        assert_eq!(is_refused, refused, "{}", &body[..40]);
    }
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    let gemini = gemini(GeminiVerb::GenerateContent);
    let cases: &[(&Endpoint, &str, &str)] = &[
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","model":"b"}"#,
            "model",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","model":"a"}"#,
            "model",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":null,"model":"a"}"#,
            "model",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","mod\u0065l":"b"}"#,
            "model",
        ),
        (&Endpoint::ChatCompletions, r#"{"Model":"a"}"#, "model"),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","MODEL":"b"}"#,
            "model",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","n":1,"N":9}"#,
            "n",
        ),
        (
            &Endpoint::ChatCompletions,
            "{\"model\":\"a\",\"max_to\u{212a}ens\":9}",
            "max_tokens",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","stream_options":{"include_usage":true,"include_usage":false}}"#,
            "stream_options.include_usage",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","stream_options":{"Include_Usage":false}}"#,
            "stream_options.include_usage",
        ),
        (
            &Endpoint::Completions,
            r#"{"model":"a","prompt":"a","prompt":["b","c"]}"#,
            "prompt",
        ),
        (
            &Endpoint::Messages,
            r#"{"model":"a","metadata":{"user_id":"a","user_id":"b"}}"#,
            "metadata.user_id",
        ),
        (
            &gemini,
            r#"{"generationConfig":{},"generation_config":{}}"#,
            "generationConfig",
        ),
        (
            &gemini,
            r#"{"generationConfig":{"maxOutputTokens":1,"max_output_tokens":9}}"#,
            "generationConfig.maxOutputTokens",
        ),
        (
            &gemini,
            r#"{"generationConfig":{"CandidateCount":8}}"#,
            "generationConfig.candidateCount",
        ),
    ];
    for (endpoint, body, field) in cases {
        assert_eq!(
            read(endpoint, body),
            Err(BodyError::Ambiguous { field }),
            "{body}"
        );
    }
    let elsewhere = r#"{"model":"a","messages":[],"messages":[],"x":{"model":1,"Model":2}}"#;
    assert!(read(&Endpoint::ChatCompletions, elsewhere).is_ok());
}

#[test]
fn fields_of_the_wrong_type_are_refused_by_name() {
    let gemini = gemini(GeminiVerb::GenerateContent);
    let cases: &[(&Endpoint, &str, &str)] = &[
        (
            &Endpoint::ChatCompletions,
            r#"{"model":5}"#,
            "`model` must be a string",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":["a"]}"#,
            "`model` must be a string",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","stream":"yes"}"#,
            "`stream` must be true or false",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","max_tokens":-1}"#,
            "`max_tokens` must be a whole number from 0 to 4294967295",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","n":1.5}"#,
            "`n` must be a whole number from 0 to 4294967295",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","n":{"a":[1]}}"#,
            "`n` must be a whole number from 0 to 4294967295",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","max_completion_tokens":4294967296}"#,
            "`max_completion_tokens` must be a whole number from 0 to 4294967295",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","user":7}"#,
            "`user` must be a string",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","stream_options":true}"#,
            "`stream_options` must be an object",
        ),
        (
            &Endpoint::ChatCompletions,
            r#"{"model":"a","stream_options":{"include_usage":"no"}}"#,
            "`stream_options.include_usage` must be true or false",
        ),
        (
            &Endpoint::Messages,
            r#"{"model":"a","metadata":{"user_id":{}}}"#,
            "`metadata.user_id` must be a string",
        ),
        (
            &gemini,
            r#"{"generationConfig":{"maxOutputTokens":"9"}}"#,
            "`generationConfig.maxOutputTokens` must be a whole number from 0 to 4294967295",
        ),
        (
            &gemini,
            r#"{"generationConfig":[]}"#,
            "`generationConfig` must be an object",
        ),
    ];
    for (endpoint, body, expected) in cases {
        let error = read(endpoint, body).unwrap_err();
        assert_eq!(error.to_string(), *expected, "{body}");
        let param = expected.split('`').nth(1);
        assert_eq!(error.param(), param);
    }
    let background = read(&Endpoint::Responses, r#"{"model":"a","background":true}"#);
    assert_eq!(background.unwrap_err().param(), Some("background"));
}

#[test]
fn a_model_must_be_named() {
    for body in [
        "{}",
        r#"{"model":null}"#,
        r#"{"model":""}"#,
        r#"{"model":" \t\u00a0"}"#,
    ] {
        let error = read(&Endpoint::Messages, body).unwrap_err();
        assert_eq!(error, BodyError::MissingModel, "{body}");
        assert_eq!(error.param(), Some("model"));
    }
}

#[test]
fn what_is_not_one_json_object_is_told_where() {
    let deep = format!(
        r#"{{"model":"a","x":{}1{}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    for (body, part) in [
        ("", "line 1 column 0"),
        ("\n{", "line 2 column 1"),
        ("[]", "expected an object at line 1"),
        (r#""secret""#, "expected an object at line 1"),
        (
            r#"{"model":"a"} x"#,
            "trailing characters at line 1 column 15",
        ),
        (r#"{"model":"a"}{"model":"b"}"#, "trailing characters"),
        (r#"{"model":"a",}"#, "line 1 column 14"),
        (r#"{"model":"\ud800"}"#, "line 1"),
        (r#"{"model":"a","x":NaN}"#, "line 1 column 18"),
        ("\u{feff}{}", "line 1 column 1"),
        (&deep, "recursion limit"),
    ] {
        let error = read(&Endpoint::ChatCompletions, body).unwrap_err();
        let BodyError::NotJson { message } = &error else {
            panic!("{body}: {error:?}");
        };
        assert!(
            message.contains(part) && !message.contains("secret"),
            "{body}: {message}"
        );
    }
    let latin1 = read_body(
        &Endpoint::ChatCompletions,
        b"{\"model\":\"a\",\"x\":\"\xe9\"}",
    );
    assert!(matches!(latin1, Err(BodyError::NotJson { .. })));
}

proptest! {
    #[test]
    fn a_second_spelling_of_a_field_is_always_refused(
        which in 0usize..8,
        cased in any::<u32>(),
        escaped in any::<u32>(),
        before in "[ \n]{0,3}",
    ) {
        let names = [
            "model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n",
            "best_of", "user",
        ];
        let name = names[which];
        let mut second = String::new();
        for (bit, letter) in name.chars().enumerate() {
            let letter = if cased >> bit & 1 == 1 { letter.to_ascii_uppercase() } else { letter };
            if escaped >> bit & 1 == 1 {
                second.push_str(&format!("\\u{:04x}", u32::from(letter)));
            } else {
                second.push(letter);
            }
        }
        let model = if name == "model" { "" } else { "\"model\":\"m\"," };
        let value = if name == "model" { "\"m\"" } else { "null" };
        for body in [
            format!("{{{model}\"{name}\":{value},\"x\":1,{before}\"{second}\":{value}}}"),
            format!("{{{before}\"{second}\":{value},{model}\"{name}\":{value}}}"),
        ] {
            let refused = read(&Endpoint::ChatCompletions, &body);
            prop_assert_eq!(refused, Err(BodyError::Ambiguous { field: name }), "{}", body);
        }
    }
}
