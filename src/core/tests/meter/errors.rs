//! Answers of 200 that carry an error.

use crate::{events, last, read, word};
use paddock_core::wire_format::WireFormat::{Anthropic, Gemini, OpenAi, OpenAiResponses};

const USAGE: &str = r#"{"prompt_tokens":70,"completion_tokens":40}"#;

#[test]
fn an_error_in_the_providers_format_is_one() {
    let error = r#"{"error":{"message":"quota used up","type":"insufficient_quota","code":429}}"#;
    let failed = r#"{"type":"response.failed","response":{"id":"r1","status":"failed","error":{"code":"server_error","message":"no"},"usage":null}}"#;
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#;
    for (format, body) in [
        (OpenAi, error.to_owned()),
        (OpenAi, events([error])),
        (OpenAi, events([error, "[DONE]"])),
        (OpenAi, events([": OPENROUTER\n\n", error])),
        (OpenAi, r#"{"error":"no such model"}"#.to_owned()),
        (OpenAi, r#"{"choices":[{"index":0,"error":{"code":502}}]}"#.to_owned()),
        (OpenAiResponses, error.to_owned()),
        (OpenAiResponses, events([r#"{"type":"response.created","response":{"id":"r1","error":null,"usage":null}}"#, failed])),
        (OpenAiResponses, events([r#"{"type":"error","code":"server_error","message":"no","param":null}"#])),
        (OpenAiResponses, r#"{"id":"r1","object":"response","status":"failed","error":{"code":"server_error"},"output":[]}"#.to_owned()),
        (Anthropic, r#"{"type":"error","error":{"type":"api_error","message":"no"}}"#.to_owned()),
        (Anthropic, error.to_owned()),
        (Anthropic, events([overloaded])),
        (Gemini, r#"{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}"#.to_owned()),
        (Gemini, r#"[{"error":{"code":503,"message":"no","status":"UNAVAILABLE"}}]"#.to_owned()),
        (Gemini, events([r#"{"error":{"code":503}}"#])),
    ] {
        let reading = read(format, &body);
        assert!(reading.failed, "{body}");
        assert_eq!(reading.seen_output_tokens, 0, "{body}");
        assert_eq!(reading.usage, None, "{body}");
    }
}

#[test]
fn a_member_named_error_that_says_nothing_is_none() {
    for (format, body) in [
        (
            OpenAi,
            r#"{"error":null,"choices":[{"message":{"content":"Ob"}}]}"#,
        ),
        (
            OpenAi,
            r#"{"error":"","choices":[{"message":{"content":"Ob"}}]}"#,
        ),
        (
            OpenAi,
            r#"{"error":{},"choices":[{"message":{"content":"Ob"}}]}"#,
        ),
        (
            OpenAi,
            r#"{"choices":[{"message":{"content":"Ob","error":{"code":1}}}]}"#,
        ),
        (
            OpenAiResponses,
            r#"{"object":"response","error":null,"output":[]}"#,
        ),
        (
            Anthropic,
            r#"{"type":"message","content":[{"type":"text","text":"error"}]}"#,
        ),
    ] {
        assert!(!read(format, body).failed, "{body}");
    }
}

#[test]
fn an_error_after_some_text_leaves_what_was_seen() {
    let broke = r#"{"error":{"message":"broke","code":500}}"#.to_owned();
    let mut documents = vec![word("null"); 20];
    documents.push(broke.clone());
    let reading = read(OpenAi, &events(&documents));
    assert!(reading.failed && !reading.ended && reading.seen_output_tokens >= 20);
    // Only an error at the end is how the answer ends.
    documents.extend([word("null"), last(USAGE)]);
    let reading = read(OpenAi, &events(&documents));
    assert!(!reading.failed && reading.output_final);
    let documents = [word("null"), last(USAGE), broke];
    assert!(read(OpenAi, &events(&documents)).failed);
}

#[test]
fn a_message_that_breaks_off_with_an_error_has_no_final_count() {
    let mut documents = vec![
        r#"{"type":"message_start","message":{"usage":{"input_tokens":70,"output_tokens":1}}}"#
            .to_owned(),
    ];
    let delta = |text: &str| {
        format!(
            r#"{{"type":"content_block_delta","delta":{{"type":"text_delta","text":"{text}"}}}}"#
        )
    };
    documents.extend((0..40).map(|_| delta("word ")));
    documents.push(
        r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#.to_owned(),
    );
    let reading = read(Anthropic, &events(&documents));
    assert!(reading.failed && !reading.output_final && !reading.closed);
    assert_eq!(reading.usage.unwrap().input, 70);
    assert!(reading.seen_output_tokens >= 40);
}

#[test]
fn nothing_at_all_is_no_output() {
    for format in [OpenAi, OpenAiResponses, Anthropic, Gemini] {
        for body in [
            "",
            "\n\n",
            " ",
            ": ping\n\n: ping\n\n",
            "data: [DONE]\n\n",
            "data:\n\n",
        ] {
            let reading = read(format, body);
            assert_eq!(reading.seen_output_tokens, 0, "{body:?}");
            assert!(reading.usage.is_none() && !reading.failed, "{body:?}");
        }
    }
}
