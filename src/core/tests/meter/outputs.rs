//! Every kind of output is seen, and counted for what it is.

use crate::{events, read, run};
use paddock_core::meter::{Framing, Meter, Reading};
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};

/// Documents with output, as each format has it; `$` is some text of ten bytes.
pub const OUTPUTS: &[(WireFormat, &str)] = &[
    (OpenAi, r#"{"choices":[{"delta":{"content":"$"}}]}"#),
    (OpenAi, r#"{"choices":[{"text":"$"}]}"#),
    (
        OpenAi,
        r#"{"choices":[{"message":{"content":[{"type":"text","text":"$"}]}}]}"#,
    ),
    (OpenAi, r#"{"choices":[{"delta":{"refusal":"$"}}]}"#),
    (OpenAi, r#"{"choices":[{"delta":{"reasoning":"$"}}]}"#),
    (
        OpenAi,
        r#"{"choices":[{"delta":{"reasoning_content":"$"}}]}"#,
    ),
    (
        OpenAi,
        r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"find_river"}}]}}]}"#,
    ),
    (
        OpenAi,
        r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"$"}}]}}]}"#,
    ),
    (
        OpenAi,
        r#"{"choices":[{"delta":{"tool_calls":[{"custom":{"input":"$"}}]}}]}"#,
    ),
    (
        OpenAi,
        r#"{"choices":[{"delta":{"function_call":{"arguments":"$"}}}]}"#,
    ),
    (
        OpenAi,
        r#"{"choices":[{"delta":{"audio":{"transcript":"$"}}}]}"#,
    ),
    (OpenAi, r#"{"choices":[{"delta":{"audio":{"data":"$"}}}]}"#),
    (
        OpenAi,
        r#"{"choices":[{"message":{"images":[{"type":"image_url","image_url":{"url":"$"}}]}}]}"#,
    ),
    (
        OpenAi,
        r#"{"choices":[{"message":{"images":[{"b64_json":"$"}]}}]}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.output_text.delta","delta":"$"}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.function_call_arguments.delta","delta":"$"}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.image_generation_call.partial_image","partial_image_b64":"$"}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.output_item.done","item":{"type":"message","content":[{"text":"$"}]}}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.output_item.done","item":{"type":"function_call","name":"find_river"}}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.output_item.done","item":{"type":"image_generation_call","result":"$"}}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.completed","response":{"output":[{"content":[{"text":"$"}]}]}}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.completed","response":{"output":[{"summary":[{"text":"$"}]}]}}"#,
    ),
    (
        OpenAiResponses,
        r#"{"output":[{"content":[{"refusal":"$"}]}]}"#,
    ),
    (
        Anthropic,
        r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"$"}}"#,
    ),
    (
        Anthropic,
        r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"$"}}"#,
    ),
    (
        Anthropic,
        r#"{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"$"}}"#,
    ),
    (
        Anthropic,
        r#"{"type":"content_block_delta","delta":{"type":"compaction_delta","content":"$"}}"#,
    ),
    (
        Anthropic,
        r#"{"type":"content_block_start","content_block":{"type":"tool_use","name":"find_river","input":{}}}"#,
    ),
    (
        Anthropic,
        r#"{"type":"content_block_start","content_block":{"type":"tool_use","input":{"name":"$"}}}"#,
    ),
    (
        Anthropic,
        r#"{"type":"message","content":[{"type":"text","text":"$"}]}"#,
    ),
    (
        Anthropic,
        r#"{"type":"message","content":[{"type":"tool_use","input":{"a":["$"]}}]}"#,
    ),
    (
        OpenAiResponses,
        r#"{"type":"response.output_item.done","item":{"type":"reasoning","encrypted_content":"$"}}"#,
    ),
    (
        Anthropic,
        r#"{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"$"}}"#,
    ),
    (
        Anthropic,
        r#"{"type":"content_block_start","content_block":{"type":"redacted_thinking","data":"$"}}"#,
    ),
    (
        Gemini,
        r#"{"candidates":[{"content":{"parts":[{"thoughtSignature":"$"}]}}]}"#,
    ),
    (
        Gemini,
        r#"{"candidates":[{"content":{"parts":[{"text":"$"}]}}]}"#,
    ),
    (
        Gemini,
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"find_river"}}]}}]}"#,
    ),
    (
        Gemini,
        r#"{"candidates":[{"content":{"parts":[{"executableCode":{"code":"$"}}]}}]}"#,
    ),
    (
        Gemini,
        r#"{"candidates":[{"content":{"parts":[{"inlineData":{"data":"$"}}]}}]}"#,
    ),
];

#[test]
fn all_kinds_of_output_are_seen() {
    for (format, document) in OUTPUTS {
        let document = document.replace('$', "0123456789");
        for body in [document.clone(), events([&document])] {
            let reading = read(*format, &body);
            let seen = reading.seen_output_tokens;
            assert!((1..=4).contains(&seen), "{seen} of {body}");
        }
    }
}

#[test]
fn what_is_told_three_times_is_output_once() {
    let text = "x".repeat(400);
    let item =
        format!(r#"{{"type":"message","content":[{{"type":"output_text","text":"{text}"}}]}}"#);
    let mut documents: Vec<String> = (0..40)
        .map(|_| r#"{"type":"response.output_text.delta","delta":"xxxxxxxxxx"}"#.to_owned())
        .collect();
    documents.push(format!(
        r#"{{"type":"response.output_item.done","item":{item}}}"#
    ));
    documents.push(format!(
        r#"{{"type":"response.completed","response":{{"output":[{item}]}}}}"#
    ));
    assert_eq!(
        read(OpenAiResponses, &events(&documents)).seen_output_tokens,
        100
    );
    // Even without the deltas.
    assert_eq!(
        read(OpenAiResponses, &events(&documents[40..])).seen_output_tokens,
        100
    );
}

#[test]
fn media_is_not_counted_as_text() {
    let image = "A".repeat(2_000_000);
    for (format, document) in OUTPUTS {
        let body = document.replace('$', &image);
        let seen = read_once(*format, &body).seen_output_tokens;
        let is_media = ["audio\":{\"data", "url\":", "b64", "result", "inlineData"]
            .iter()
            .any(|word| document.contains(word));
        let expected = if is_media {
            7_813..=7_813
        } else {
            500_000..=500_001
        };
        let has_text = document.contains('$');
        assert!(
            expected.contains(&seen) || !has_text,
            "{seen} of {document}"
        );
    }
}

fn read_once(format: WireFormat, body: &str) -> Reading {
    run(Meter::new(format, Framing::Json, false), [body.as_bytes()]).0
}

#[test]
fn what_nobody_can_read_is_output_by_its_size() {
    for format in [OpenAi, OpenAiResponses, Anthropic, Gemini] {
        for body in [
            "Ob, Po and Oder are rivers.",
            "<html>Ob, Po and Oder are rivers.</html>",
            r#"{"answer":"Ob, Po and Oder are rivers."}"#,
            "data: Ob, Po and Oder are rivers.\n\n",
            "data: {\"answer\":\"Ob, Po and Oder are rivers.\"}\n\n",
            "rivers: Ob, Po and Oder.",
            "\"Ob, Po and Oder are rivers.\"",
        ] {
            for claimed in [Framing::Json, Framing::EventStream] {
                let meter = || Meter::new(format, claimed, false);
                let reading = run(meter(), [body.as_bytes()]).0;
                let seen = reading.seen_output_tokens;
                assert!((5..=11).contains(&seen), "{seen} of {body}");
                assert!(!reading.output_final && !reading.failed);
                assert_eq!(run(meter(), body.as_bytes().chunks(1)).0, reading);
            }
        }
    }
}
