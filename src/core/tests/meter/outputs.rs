//! Visible output is never nothing, and no sequence of counts makes a call cheaper.

use crate::chunking::cut;
use crate::{events, read, run};
use paddock_core::meter::{Framing, Meter, Reading};
use paddock_core::price::{Price, Usage};
use paddock_core::usage::TokenUsage;
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};
use proptest::prelude::*;

/// Documents with output, as each format has it; `$` is some text of ten bytes.
const OUTPUTS: &[(WireFormat, &str)] = &[
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
            let reading = read(format, body);
            let expected = 5..=11;
            let seen = reading.seen_output_tokens;
            assert!(expected.contains(&seen), "{seen} of {body}");
            assert!(!reading.output_final && !reading.failed);
        }
    }
}

fn number() -> impl Strategy<Value = (String, Option<u64>)> {
    prop_oneof![
        6 => (0u64..100_000).prop_map(|n| (n.to_string(), Some(n))),
        1 => (0u64..100_000).prop_map(|n| (format!("{n}.0"), Some(n))),
        1 => (0u64..100_000).prop_map(|n| (format!("\"{n}\""), Some(n))),
        1 => Just(("null".to_owned(), None)),
        1 => Just(("-1".to_owned(), None)),
        1 => Just(("[]".to_owned(), None)),
    ]
}

/// A usage object of a format, its prompt and its output.
fn usage(format: WireFormat) -> impl Strategy<Value = (String, u64, u64)> {
    (number(), number(), number()).prop_map(move |(prompt, output, cached)| {
        let names = match format {
            OpenAi => ["prompt_tokens", "completion_tokens", "cached_tokens"],
            OpenAiResponses => ["input_tokens", "output_tokens", "cached_tokens"],
            Anthropic => ["input_tokens", "output_tokens", "cache_read_input_tokens"],
            Gemini => [
                "promptTokenCount",
                "candidatesTokenCount",
                "cachedContentTokenCount",
            ],
        };
        let text = format!(
            r#"{{"{}":{},"{}":{},"{}":{}}}"#,
            names[0], prompt.0, names[1], output.0, names[2], cached.0
        );
        (text, prompt.1.unwrap_or(0), output.1.unwrap_or(0))
    })
}

/// An event of a format with text and usage; the last has what ends a stream.
fn event(format: WireFormat, usage: &str, last: bool) -> String {
    let word = if last { "" } else { "word" };
    match format {
        OpenAi => {
            let reason = if last { "\"stop\"" } else { "null" };
            format!(
                r#"{{"choices":[{{"delta":{{"content":"{word}"}},"finish_reason":{reason}}}],"usage":{usage}}}"#
            )
        }
        OpenAiResponses => {
            let kind = if last { "completed" } else { "in_progress" };
            format!(
                r#"{{"type":"response.{kind}","delta":"{word}","response":{{"usage":{usage}}}}}"#
            )
        }
        Anthropic => {
            let reason = if last { "\"end_turn\"" } else { "null" };
            format!(
                r#"{{"type":"message_delta","delta":{{"stop_reason":{reason},"text":"{word}"}},"usage":{usage}}}"#
            )
        }
        Gemini => {
            let reason = if last {
                ",\"finishReason\":\"STOP\""
            } else {
                ""
            };
            format!(
                r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{word}"}}]}}{reason}}}],"usageMetadata":{usage}}}"#
            )
        }
    }
}

fn sequences() -> impl Strategy<Value = (WireFormat, Vec<(String, u64, u64)>, bool)> {
    let formats = prop::sample::select(&[OpenAi, OpenAiResponses, Anthropic, Gemini][..]);
    formats.prop_flat_map(|format| {
        let usages = prop::collection::vec(usage(format), 1..8);
        (Just(format), usages, any::<bool>())
    })
}

fn cost(tokens: TokenUsage) -> i64 {
    let usage = Usage {
        tokens,
        ..Usage::default()
    };
    let price = Price::of(1_000_000_000, 10_000_000_000);
    price.cost(&usage).unwrap().money.nanos()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_sequence_of_counts_is_cheaper_than_its_largest(
        (format, usages, whole) in sequences(),
        at in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let end = usages.len() - 1;
        let documents = usages.iter().enumerate();
        let body = events(documents.map(|(n, (text, _, _))| event(format, text, whole && n == end)));
        let reading = run(Meter::new(format, Framing::EventStream, false), [body.as_bytes()]).0;
        let chunked = run(Meter::new(format, Framing::Json, false), cut(body.as_bytes(), at)).0;
        prop_assert_eq!(&chunked, &reading);
        let tokens = reading.usage.unwrap_or_default();
        let seen = reading.seen_output_tokens;
        let output = if reading.output_final { tokens.output } else { tokens.output.max(seen) };
        for (text, prompt, counted) in &usages {
            prop_assert!(tokens.prompt() >= *prompt, "{} in {}", text, body);
            prop_assert!(tokens.output >= *counted, "{} in {}", text, body);
            let alone = TokenUsage { input: *prompt, output: *counted, ..TokenUsage::default() };
            prop_assert!(cost(TokenUsage { output, ..tokens }) >= cost(alone), "{} in {}", text, body);
        }
        prop_assert!(output > 0 || seen == 0, "zero for visible output in {}", body);
        if !whole {
            prop_assert!(!reading.output_final && output > 0, "{}", body);
        }
    }

    #[test]
    fn visible_output_is_never_nothing(
        (format, document) in prop::sample::select(OUTPUTS),
        usage in prop::sample::select(&[
            "null", "{}", "[]", "0", "\"\"", r#"{"prompt_tokens":0,"completion_tokens":0}"#,
            r#"{"input_tokens":5,"output_tokens":0}"#, r#"{"promptTokenCount":5}"#,
            r#"{"completion_tokens":-1,"output_tokens":"x","candidatesTokenCount":[]}"#,
        ][..]),
        framed: bool,
        ends: bool,
        at in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        let document = document.replace('$', "0123456789");
        let document = document.strip_suffix('}').unwrap();
        let usage = format!(r#"{document},"usage":{usage},"usageMetadata":{usage}}}"#);
        let mut body = if framed { events([&usage]) } else { usage };
        if ends && framed {
            body.push_str("data: [DONE]\n\n");
        }
        let reading = run(Meter::new(format, Framing::Json, false), [body.as_bytes()]).0;
        let chunked = run(Meter::new(format, Framing::EventStream, false), cut(body.as_bytes(), at)).0;
        prop_assert_eq!(&chunked, &reading);
        prop_assert!(reading.seen_output_tokens > 0);
        prop_assert!(!reading.output_final, "{}", body);
    }
}
