//! Framing is told by the first bytes, whatever the content type claims.

use crate::{chat, events, finish, last, read, run, word};
use paddock_core::meter::{Framing, Meter};
use paddock_core::wire_format::WireFormat::{self, Anthropic, Gemini, OpenAi};

const USAGE: &str = r#"{"prompt_tokens":70,"completion_tokens":40,"total_tokens":110}"#;

fn documents() -> Vec<String> {
    let mut documents = vec![word("null"); 20];
    documents.extend([finish("null"), last(USAGE)]);
    documents
}

fn is_read_whole(format: WireFormat, body: &str) {
    let reading = read(format, body);
    let usage = reading.usage.unwrap();
    assert_eq!((usage.prompt(), usage.output), (70, 40), "{body}");
    assert!(reading.output_final && reading.ended, "{body}");
    assert!(reading.seen_output_tokens > 0, "{body}");
}

#[test]
fn an_event_stream_is_one_under_any_type() {
    let stream = events(documents().iter().map(String::as_str).chain(["[DONE]"]));
    for before in [
        "",
        "\u{feff}",
        "\n\n",
        " \t\r\n",
        "\u{feff}\n: keep-alive\n\n",
        ":\n\n",
        "event: message\n",
        "id: 1\n",
        "retry: 3000\n\n",
        "data\n\n",
    ] {
        is_read_whole(OpenAi, &format!("{before}{stream}"));
        is_read_whole(OpenAi, &format!("{before}{stream}").replace('\n', "\r\n"));
    }
}

#[test]
fn a_message_stream_without_a_type() {
    let stream = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":70,\"output_tokens\":1}}}\n\nevent: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Ob\"}}\n\nevent: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":40}}\n\n";
    is_read_whole(Anthropic, stream);
}

#[test]
fn json_is_json_under_any_type() {
    let answer = chat("Ob", USAGE);
    for before in ["", "\u{feff}", "\n\n\n", "  \r\n\t"] {
        is_read_whole(OpenAi, &format!("{before}{answer}"));
        is_read_whole(OpenAi, &format!("{before}{answer}\n"));
    }
    let part = r#"{"candidates":[{"content":{"parts":[{"text":"Ob"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":70,"candidatesTokenCount":40}}"#;
    is_read_whole(Gemini, &format!("[{part}]"));
    is_read_whole(Gemini, &format!("[{part},\n{part}]"));
}

#[test]
fn documents_may_follow_each_other_line_by_line() {
    for newline in ["\n", "\r\n", "\n\n", ""] {
        is_read_whole(OpenAi, &documents().join(newline));
        let without_reason = [vec![word("null"); 20], vec![last(USAGE)]].concat();
        let reading = read(OpenAi, &without_reason.join(newline));
        assert!(reading.output_final && reading.usage.unwrap().output == 40);
    }
    // The first of them is not the whole answer.
    let reading = read(OpenAi, &[word(USAGE), word("null")].join("\n"));
    assert!(!reading.ended && !reading.closed && !reading.output_final);
}

#[test]
fn what_is_neither_is_what_its_type_claims() {
    let stream = format!("x-note: 1\n\n{}", events(documents()));
    let meter = Meter::new(OpenAi, Framing::EventStream, false);
    let reading = run(meter, stream.as_bytes().chunks(3)).0;
    assert_eq!(reading.usage.unwrap().output, 40);
}

#[test]
fn the_usage_event_is_hidden_in_a_mislabelled_stream_and_nothing_in_json() {
    let shown = events(documents()[..21].iter());
    let stream = events(documents());
    let lines = documents().join("\n");
    let answer = chat("Ob", USAGE);
    for claimed in [Framing::Json, Framing::EventStream] {
        for (body, expected) in [
            (stream.clone(), shown.clone()),
            (format!("\u{feff}\n{stream}"), format!("\u{feff}\n{shown}")),
            (lines.clone(), lines.clone()),
            (last(USAGE), last(USAGE)),
            (format!(" \n {answer}"), format!(" \n {answer}")),
            (" \t".to_owned(), " \t".to_owned()),
        ] {
            for size in [1, 2, 7, body.len()] {
                let meter = Meter::new(OpenAi, claimed, true);
                let passed = run(meter, body.as_bytes().chunks(size)).1;
                assert_eq!(
                    String::from_utf8_lossy(&passed),
                    expected,
                    "{claimed:?} {size}"
                );
            }
        }
    }
}
