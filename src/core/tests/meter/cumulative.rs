//! Counts that grow, shrink, are placeholders, or come too early.

use crate::{chat, events, finish, last, read, word};
use paddock_core::meter::Reading;
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};

const ZERO: &str = r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#;
const FULL: &str = r#"{"prompt_tokens":70,"completion_tokens":40,"total_tokens":110}"#;

/// Prompt, output, and whether the output is final.
fn counted(reading: &Reading) -> (u64, u64, bool) {
    let usage = reading.usage.unwrap_or_default();
    (usage.prompt(), usage.output, reading.output_final)
}

fn stream(format: WireFormat, documents: &[String]) -> Reading {
    read(format, &events(documents))
}

fn usage(prompt: u64, output: u64) -> String {
    format!(r#"{{"prompt_tokens":{prompt},"completion_tokens":{output}}}"#)
}

#[test]
fn a_placeholder_in_a_chunk_before_the_end_is_not_final() {
    for (placeholder, prompt) in [(ZERO.to_owned(), 0), (usage(70, 0), 70), (usage(70, 1), 70)] {
        let mut documents = vec![word(&placeholder); 20];
        let reading = stream(OpenAi, &documents);
        let output = reading.usage.unwrap().output;
        assert_eq!(counted(&reading), (prompt, output, false), "{placeholder}");
        assert_eq!(reading.seen_output_tokens, 25);
        documents.push(finish(&placeholder));
        let zero = output == 0;
        assert_eq!(stream(OpenAi, &documents).output_final, !zero);
        documents.push(last(FULL));
        assert_eq!(counted(&stream(OpenAi, &documents)), (70, 40, true));
    }
}

#[test]
fn a_count_is_final_only_where_a_final_one_comes() {
    let words = vec![word("null"); 3];
    let with = |more: &[String]| {
        let documents = [&words[..], more].concat();
        counted(&stream(OpenAi, &documents)).2
    };
    let done = "[DONE]".to_owned();
    assert!(!with(&[word(FULL)]), "no reason yet");
    assert!(with(&[finish(FULL)]), "with the reason");
    assert!(with(&[word(FULL), finish("null")]), "before the reason");
    assert!(with(&[finish("null"), word(FULL)]), "after the reason");
    assert!(with(&[last(FULL)]), "without choices");
    assert!(with(&[word(FULL), done.clone()]), "before the end");
    assert!(!with(&[done, word("null")]), "no count");
    // A count that more output follows was none.
    assert!(!with(&[last(FULL), word("null")]));
    assert!(!with(&[last(FULL), word("null"), "[DONE]".to_owned()]));
    assert!(with(&[last(FULL), word("null"), finish(FULL)]));
    // Some servers write an empty reason, or its name, into every chunk.
    for none in [r#""""#, r#""null""#] {
        let chunk = word(FULL).replace(
            r#""finish_reason":null"#,
            &format!(r#""finish_reason":{none}"#),
        );
        assert!(!with(&[chunk]), "{none}");
    }
}

#[test]
fn zero_with_visible_output_is_never_final() {
    let mut documents = vec![word("null"); 200];
    documents.extend([finish("null"), last(ZERO), "[DONE]".to_owned()]);
    let reading = stream(OpenAi, &documents);
    assert_eq!(counted(&reading), (0, 0, false));
    assert!(reading.ended && reading.closed && reading.seen_output_tokens >= 200);

    let reading = read(OpenAi, &chat(&"word ".repeat(100), ZERO));
    assert_eq!(counted(&reading), (0, 0, false));
    assert_eq!(reading.seen_output_tokens, 125);

    let message = r#"{"type":"message","content":[{"type":"text","text":"Ob, Po, Oder."}],
        "usage":{"input_tokens":0,"output_tokens":0}}"#;
    assert_eq!(counted(&read(Anthropic, message)), (0, 0, false));
    let response = r#"{"object":"response","output":[{"type":"message","content":[{"type":"output_text",
        "text":"Ob, Po, Oder."}]}],"usage":{"input_tokens":70,"output_tokens":0}}"#;
    assert_eq!(counted(&read(OpenAiResponses, response)), (70, 0, false));
    // Nothing written is nothing counted.
    assert_eq!(counted(&read(OpenAi, &chat("", ZERO))), (0, 0, true));
}

#[test]
fn counts_grow_and_never_shrink() {
    let growing: Vec<String> = (1..=20).map(|output| word(&usage(70, output))).collect();
    assert_eq!(counted(&stream(OpenAi, &growing)), (70, 20, false));
    for later in [
        ZERO,
        "null",
        "{}",
        r#"{"prompt_tokens":3,"completion_tokens":null}"#,
    ] {
        let documents = [word(FULL), finish(later), last(later)];
        let (prompt, output, _) = counted(&stream(OpenAi, &documents));
        assert_eq!((prompt, output), (70, 40), "{later}");
    }
    // A final one and then a larger.
    let small = usage(70, 3);
    let documents = [word("null"), finish(&small), last(FULL)];
    assert_eq!(counted(&stream(OpenAi, &documents)), (70, 40, true));
}

#[test]
fn a_cached_part_told_late_is_not_counted_twice() {
    let details = r#"{"prompt_tokens":900,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":800}}"#;
    let documents = [word(&usage(900, 1)), finish(details), last(&usage(900, 5))];
    let usage = stream(OpenAi, &documents).usage.unwrap();
    assert_eq!(
        (usage.input, usage.cached_input, usage.output),
        (100, 800, 5)
    );
}

fn message(start: &str, deltas: &[&str]) -> Vec<String> {
    let mut documents = vec![
        format!(r#"{{"type":"message_start","message":{{"id":"m1","model":"probe","content":[],"usage":{start}}}}}"#),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned(),
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Ob, Po, Oder."}}"#.to_owned(),
    ];
    documents.extend(deltas.iter().map(|usage| {
        format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{usage}}}"#
        )
    }));
    documents
}

#[test]
fn a_message_delta_of_zero_lowers_nothing() {
    let start = r#"{"input_tokens":900,"cache_read_input_tokens":30,"output_tokens":1}"#;
    let zeros = r#"{"input_tokens":0,"cache_read_input_tokens":null,"output_tokens":40}"#;
    let reading = stream(Anthropic, &message(start, &[zeros]));
    assert_eq!(counted(&reading), (930, 40, true));
    assert_eq!(reading.usage.unwrap().input, 900);
    // No input at all is told as such; one that comes late counts.
    let none = r#"{"input_tokens":0,"output_tokens":0}"#;
    let reading = stream(Anthropic, &message(none, &[zeros]));
    assert_eq!(counted(&reading), (0, 40, true));
    let late = r#"{"input_tokens":900,"output_tokens":40}"#;
    assert_eq!(
        counted(&stream(Anthropic, &message("{}", &[late]))),
        (900, 40, true)
    );
    // Without a count in its delta, the message's first is none.
    let mut documents = message(start, &["{}"]);
    documents.push(r#"{"type":"message_stop"}"#.to_owned());
    assert_eq!(counted(&stream(Anthropic, &documents)), (930, 1, false));
}

#[test]
fn a_message_delta_without_a_reason_is_not_the_last() {
    let start = r#"{"input_tokens":9,"output_tokens":1}"#;
    let mut documents = message(start, &[r#"{"output_tokens":7}"#]);
    documents[3] = documents[3].replace(r#""end_turn""#, "null");
    assert_eq!(counted(&stream(Anthropic, &documents)), (9, 7, false));
    documents.push(r#"{"type":"message_stop"}"#.to_owned());
    assert_eq!(counted(&stream(Anthropic, &documents)), (9, 7, true));
}

#[test]
fn a_response_counts_at_its_end() {
    let event = |kind: &str, usage: &str| {
        format!(r#"{{"type":"response.{kind}","response":{{"id":"r1","usage":{usage}}}}}"#)
    };
    let full = r#"{"input_tokens":70,"output_tokens":40,"total_tokens":110}"#;
    let zero = r#"{"input_tokens":0,"output_tokens":0,"total_tokens":0}"#;
    let delta = r#"{"type":"response.output_text.delta","delta":"Ob, Po, Oder."}"#.to_owned();
    let begun = [event("created", zero), event("in_progress", full), delta];
    assert_eq!(counted(&stream(OpenAiResponses, &begun)), (70, 40, false));
    for (kind, usage, is_final) in [
        ("completed", full, true),
        ("incomplete", full, true),
        ("failed", full, true),
        ("completed", "null", false),
        ("completed", zero, true),
    ] {
        let documents = [&begun[..], &[event(kind, usage)]].concat();
        let reading = stream(OpenAiResponses, &documents);
        assert_eq!(counted(&reading), (70, 40, is_final), "{kind} {usage}");
    }
}

#[test]
fn gemini_repeats_running_values() {
    let event = |output: &str, more: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"Ob "}}]}}{more}}}],"usageMetadata":{{"promptTokenCount":70,"thoughtsTokenCount":9{output}}}}}"#
        )
    };
    let finish = r#","finishReason":"STOP""#;
    let two = r#","candidatesTokenCount":2"#;
    let four = r#","candidatesTokenCount":4"#;
    for (documents, expected) in [
        (vec![event(two, "")], (70, 11, false)),
        (vec![event(two, ""), event(four, finish)], (70, 13, true)),
        (vec![event(four, ""), event(two, finish)], (70, 13, true)),
        (vec![event(four, ""), event("", finish)], (70, 13, true)),
    ] {
        assert_eq!(counted(&stream(Gemini, &documents)), expected);
    }
}
