//! Hiding the usage event, against a plain implementation over the whole body.

use crate::bodies::body;
use crate::chunking::{cut, mutated};
use crate::run;
use paddock_core::meter::{Framing, Meter, Passed};
use paddock_core::wire_format::WireFormat;
use proptest::prelude::*;

const LIMIT: usize = 16 * 1024;

fn hiding() -> Meter {
    Meter::new(WireFormat::OpenAi, Framing::EventStream, true)
}

/// A line with its end; a CR and the LF after it are one end.
fn lines(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let length = match end {
            None => rest.len(),
            Some(at) if rest[at..].starts_with(b"\r\n") => at + 2,
            Some(at) => at + 1,
        };
        let (line, after) = rest.split_at(length);
        lines.push(line);
        rest = after;
    }
    lines
}

fn trimmed(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    &line[..end.unwrap_or(line.len())]
}

fn is_usage_event(event: &[&[u8]]) -> bool {
    #[derive(serde::Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow)]
        choices: &'a serde_json::value::RawValue,
        #[serde(borrow)]
        usage: &'a serde_json::value::RawValue,
    }
    // The LF of the CRLF that ends the event does not count.
    let length = event.concat().len() - usize::from(event.last().unwrap().starts_with(b"\r\n"));
    let data: Vec<&[u8]> = event
        .iter()
        .filter_map(|line| trimmed(line).strip_prefix(b"data:"))
        .collect();
    let data = data.join(&b'\n');
    let data = String::from_utf8_lossy(&data);
    let Ok(chunk) = serde_json::from_str::<Chunk>(&data) else {
        return false;
    };
    let choices = chunk.choices.get();
    length <= LIMIT
        && choices.starts_with('[')
        && choices[1..].trim_start() == "]"
        && chunk.usage.get().starts_with('{')
}

/// What passes of a whole body.
fn reference(bytes: &[u8]) -> Vec<u8> {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || b"\xEF\xBB\xBF".contains(byte);
    let first = bytes.iter().find(|byte| !is_blank(byte));
    if matches!(first, Some(b'{' | b'[')) {
        // It is no event stream.
        return bytes.to_vec();
    }
    let mut passed = Vec::new();
    let mark = b"\xEF\xBB\xBF"
        .iter()
        .zip(bytes)
        .take_while(|(a, b)| a == b)
        .count();
    passed.extend_from_slice(&bytes[..mark]);
    let mut event: Vec<&[u8]> = Vec::new();
    for line in lines(&bytes[mark..]) {
        if event.is_empty() && (trimmed(line).is_empty() || line.starts_with(b":")) {
            passed.extend_from_slice(line);
            continue;
        }
        event.push(line);
        if trimmed(line).is_empty() {
            if !is_usage_event(&event) {
                passed.extend(event.concat());
            }
            event.clear();
        }
    }
    if !event.is_empty() && !is_usage_event(&event) {
        passed.extend(event.concat());
    }
    passed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn hiding_is_what_the_plain_implementation_does(
        (_, bytes) in mutated(),
        at in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let passed = run(hiding(), cut(&bytes, at)).1;
        prop_assert_eq!(
            String::from_utf8_lossy(&passed).into_owned(),
            String::from_utf8_lossy(&reference(&bytes)).into_owned()
        );
    }

    #[test]
    fn events_in_any_order_and_style(
        events in prop::collection::vec(prop::sample::select(&[
            r#"{"choices":[{"index":0,"delta":{"content":"x"}}],"usage":null}"#,
            r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#,
            r#"{"usage":{"prompt_tokens":1},"choices":[ ]}"#,
            r#"{"choices":[],"usage":null}"#,
            r#"{"choices":[],"prompt_filter_results":[]}"#,
            r#"{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}"#,
            r#"{"choices":[],"usage":{}}"#,
            r#"{"error":{"message":"no"}}"#,
            "[DONE]",
            "",
        ][..]), 0..8),
        starts in prop::collection::vec(prop::sample::select(&[
            "data:", "data: ", ": note\ndata: ", "event: x\ndata:", "id: 1\n: note\ndata: ",
        ][..]), 8),
        end in prop::sample::select(&["\n", "\r\n", "\r"][..]),
        mark: bool,
        last in 0usize..4,
        at in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let mut text = String::from(if mark { "\u{feff}" } else { "" });
        for (event, start) in events.iter().zip(&starts) {
            text.push_str(start);
            text.push_str(event);
            text.push_str("\n\n");
        }
        let mut bytes = text.replace('\n', end).into_bytes();
        bytes.truncate(bytes.len().saturating_sub(last));
        let whole = run(hiding(), [&bytes[..]]).1;
        prop_assert_eq!(
            String::from_utf8_lossy(&whole).into_owned(),
            String::from_utf8_lossy(&reference(&bytes)).into_owned()
        );
        prop_assert_eq!(run(hiding(), cut(&bytes, at)).1, whole);
    }
}

#[test]
fn whole_events_pass_without_a_copy() {
    let mut meter = hiding();
    let body = std::str::from_utf8(body("openai-chat.sse").bytes).unwrap();
    for event in body.split_inclusive("\n\n") {
        let expected = if event.contains("\"choices\":[]") {
            Passed::Replaced(Vec::new())
        } else {
            Passed::Unchanged
        };
        assert_eq!(meter.feed(event.as_bytes()), expected, "{event}");
    }
}

#[test]
fn what_is_held_passes_as_soon_as_choices_is_filled() {
    let mut meter = hiding();
    assert_eq!(
        meter.feed(b"data: {\"id\":\"c\",\"cho"),
        Passed::Replaced(Vec::new())
    );
    assert_eq!(
        meter.feed(b"ices\":[{"),
        Passed::Replaced(b"data: {\"id\":\"c\",\"choices\":[{".to_vec())
    );
    assert_eq!(meter.feed(b"\"delta\":{\"content\":"), Passed::Unchanged);
    assert_eq!(
        meter.feed(b"\"x\"}}]}\n\ndata:"),
        Passed::Replaced(b"\"x\"}}]}\n\n".to_vec())
    );
    assert_eq!(
        meter.feed(b" [DONE]"),
        Passed::Replaced(b"data: [DONE]".to_vec())
    );
    assert_eq!(meter.feed(b"\n\n"), Passed::Unchanged);
    assert!(meter.finish().is_empty());
}

#[test]
fn a_comment_is_never_held() {
    let mut meter = hiding();
    assert_eq!(meter.feed(b": ping"), Passed::Unchanged);
    assert_eq!(meter.feed(b"\n"), Passed::Unchanged);
}

#[test]
fn an_event_too_large_for_a_usage_event_passes() {
    let padding = "x".repeat(LIMIT);
    let event = format!(
        "data: {{\"pad\":\"{padding}\",\"choices\":[],\"usage\":{{\"prompt_tokens\":1}}}}\n\n"
    );
    for chunk in [1, 7, 1000, event.len()] {
        let (reading, passed) = run(hiding(), event.as_bytes().chunks(chunk));
        assert!(passed == event.as_bytes());
        assert_eq!(reading.usage.unwrap().input, 1);
    }
}
