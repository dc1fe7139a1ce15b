//! Which ids of stored objects an answer gives.

use paddock_core::meter::{Framing, Meter};
use paddock_core::stored::StoredId;
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi, OpenAiResponses};
use proptest::prelude::*;

const EVENTS: Framing = Framing::EventStream;

type Case = (WireFormat, Framing, &'static str, &'static [&'static str]);

const CASES: [Case; 8] = [
    (
        OpenAiResponses,
        Framing::Json,
        r#"{"id":"resp_1","conversation":{"id":"conv_1"},"previous_response_id":"resp_0","metadata":{"id":"a","container_id":"a"},
        "output":[{"type":"reasoning","id":"rs_1","summary":[{"id":"a"}]},
        {"type":"code_interpreter_call","id":"ci_1","container_id":"cntr_1"},
        {"type":"message","id":"msg_1","content":[{"type":"output_text","text":"{\"id\":\"a\"}","annotations":[{"file_id":"a"}]}]}]}"#,
        &["resp_1", "conv_1", "rs_1", "ci_1", "cntr_1", "msg_1"],
    ),
    (
        OpenAiResponses,
        EVENTS,
        "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"conversation\":{\"id\":\"conv_1\"},\"output\":[]}}\n\n\
         data: {\"type\":\"response.output_item.added\",\"item\":{\"id\":\"msg_1\",\"type\":\"message\"}}\n\n\
         data: {\"type\":\"response.output_text.delta\",\"item_id\":\"a\",\"delta\":\"Ob\"}\n\n\
         data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"output\":[{\"id\":\"msg_1\"},{\"id\":\"fc_1\"}]}}\n\n",
        &["resp_1", "conv_1", "msg_1", "fc_1"],
    ),
    (
        Anthropic,
        Framing::Json,
        r#"{"id":"a","container":{"id":"container_1","expires_at":"x"},"content":[
        {"type":"tool_use","id":"a","input":{"file_id":"a","content":[{"file_id":"a"}]}},
        {"type":"bash_code_execution_tool_result","content":{"type":"r","content":[{"type":"o","file_id":"file_1"}]}}]}"#,
        &["container_1", "file_1"],
    ),
    (
        Anthropic,
        EVENTS,
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"a\",\"container\":{\"id\":\"container_1\"}}}\n\n\
         data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"r\",\"content\":{\"content\":[{\"file_id\":\"file_1\"}]}}}\n\n\
         data: {\"type\":\"message_delta\",\"delta\":{\"container\":{\"id\":\"container_2\"}}}\n\n",
        &["container_1", "file_1", "container_2"],
    ),
    (
        OpenAi,
        Framing::Json,
        r#"{"id":"a","choices":[{"message":{"content":"x","audio":{"id":"audio_1","data":"AA=="},"tool_calls":[{"id":"a"}]}}]}"#,
        &["audio_1"],
    ),
    (
        OpenAi,
        EVENTS,
        "data: {\"id\":\"a\",\"choices\":[{\"delta\":{\"audio\":{\"id\":\"audio_1\"}}}]}\n\n",
        &["audio_1"],
    ),
    (
        Gemini,
        Framing::Json,
        r#"{"responseId":"a","candidates":[]}"#,
        &[],
    ),
    (
        OpenAiResponses,
        Framing::Json,
        r#"{"id":"","output":[{"id":7}]}"#,
        &[],
    ),
];

fn stored(case: &Case, cuts: &[usize]) -> Vec<StoredId> {
    let (format, framing, body, _) = case;
    let mut meter = Meter::new(*format, *framing, false);
    let mut rest = body.as_bytes();
    for cut in cuts {
        let (part, after) = rest.split_at((*cut).min(rest.len()));
        let _ = meter.feed(part);
        rest = after;
    }
    let _ = meter.feed(rest);
    meter.stored().to_vec()
}

#[test]
fn an_answer_gives_the_ids_of_what_it_stores_and_no_others() {
    for case in &CASES {
        let expected: Vec<StoredId> = case.3.iter().map(|id| StoredId::of(id)).collect();
        assert_eq!(stored(case, &[]), expected, "{}", case.2);
    }
}

#[test]
fn they_are_bounded() {
    let items: Vec<String> = (0..1_000)
        .map(|n| format!(r#"{{"id":"msg_{n}"}}"#))
        .collect();
    let body = format!(r#"{{"id":"resp_1","output":[{}]}}"#, items.join(","));
    let mut meter = Meter::new(OpenAiResponses, Framing::Json, false);
    let _ = meter.feed(body.as_bytes());
    assert_eq!(meter.stored().len(), 64);
    assert_eq!(meter.stored()[0], StoredId::of("resp_1"));
    let long = format!(r#"{{"id":"{}"}}"#, "x".repeat(1_000));
    let mut meter = Meter::new(OpenAiResponses, Framing::Json, false);
    let _ = meter.feed(long.as_bytes());
    assert_eq!(meter.stored(), []);
}

proptest! {
    #[test]
    fn it_does_not_matter_where_chunks_end(
        case in 0..CASES.len(),
        cuts in prop::collection::vec(0usize..60, 0..12),
    ) {
        let case = &CASES[case];
        prop_assert_eq!(stored(case, &cuts), stored(case, &[]));
    }
}
