//! Events of one shape are not scanned one by one: what is read must be the same as if they were.

use crate::{events, run};
use paddock_core::meter::{Framing, Meter};
use paddock_core::wire_format::WireFormat;
use proptest::prelude::*;

/// Events of all formats, with a place for a text.
const SHAPES: &[&str] = &[
    r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"@"},"finish_reason":null}],"usage":null}"#,
    r#"{"id":"c","model":"m","service_tier":"flex","choices":[{"delta":{"role":"assistant","content":"@"}}],"obfuscation":"@"}"#,
    r#"{"id":"c","choices":[{"delta":{"reasoning":"@","reasoning_content":"@"}}]}"#,
    r#"{"choices":[{"delta":{"content":"@"},"finish_reason":"@"}]}"#,
    r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
    r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":"@"}}"#,
    r#"{"error":{"message":"@"}}"#,
    r#"{"error":"@"}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"@"}}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"@"},"usage":{"output_tokens":5}}"#,
    r#"{"type":"@"}"#,
    r#"{"type":"response.output_text.delta","item_id":"@","delta":"@","obfuscation":"@"}"#,
    r#"{"type":"response.output_item.done","item":{"id":"@","type":"message","content":[{"text":"@"}]}}"#,
    r#"{"type":"response.completed","response":{"id":"@","model":"@","usage":{"output_tokens":7}}}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"@"}]},"finishReason":"@"}],"modelVersion":"@"}"#,
    r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"@","args":{"@":"@"}}}]}}]}"#,
    r#"[{"choices":[{"delta":{"content":"@"}}]},{"choices":[{"delta":{"content":"@"}}]}]"#,
    r#"{"choices":[{"delta":{"content":"@"}}]}{"choices":[{"delta":{"content":"@"}}]}"#,
    r#"{"choices":[{"delta":{"content":"@"}}]} "@"#,
    r#"{"choices":[{"delta":{"content":"@"#,
    "[DONE]",
    "@",
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "word ",
    "stop",
    "error",
    "message_stop",
    r"\n",
    r#"\""#,
    r"\\",
    "}",
    "@",
    "\u{e9}",
    "\n\ndata: ",
];

fn event() -> impl Strategy<Value = String> {
    let text = prop::sample::select(TEXTS);
    let texts = prop::collection::vec(text, 1..4);
    (prop::sample::select(SHAPES), texts).prop_map(|(shape, texts)| {
        let parts = shape.split('@').zip(texts.iter().cycle().copied());
        let filled: String = parts.flat_map(|(part, text)| [part, text]).collect();
        // After the last part there is no text.
        let last = texts[(shape.split('@').count() - 1) % texts.len()];
        filled[..filled.len() - last.len()].to_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn an_event_of_a_known_shape_is_read_as_any_other(
        kinds in prop::collection::vec(event(), 1..5),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        format in prop::sample::select(vec![
            WireFormat::OpenAi, WireFormat::OpenAiResponses, WireFormat::Anthropic, WireFormat::Gemini,
        ]),
        hide: bool,
    ) {
        let body = events(order.iter().map(|at| at.get(&kinds)));
        let meter = || Meter::new(format, Framing::EventStream, hide);
        // By a byte at a time nothing is recognized.
        let scanned = run(meter(), body.as_bytes().chunks(1));
        let recognized = run(meter(), body.as_bytes().split_inclusive(|byte| *byte == b'\n'));
        prop_assert_eq!(&recognized.0, &scanned.0);
        prop_assert_eq!(recognized.1, scanned.1);
        prop_assert_eq!(run(meter(), [body.as_bytes()]), (scanned.0, run(meter(), body.as_bytes().chunks(1)).1));
    }
}
