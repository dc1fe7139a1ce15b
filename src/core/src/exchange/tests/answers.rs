//! What is charged for answers as providers really write them.

use super::bench::*;
use crate::exchange::{Effect, Input, Step};
use crate::price::assumed_fee;
use crate::usage::Tool;
use crate::wire::Outcome;

const MESSAGES: &str = "/v1/messages";
const RESPONSES: &str = "/v1/responses";
const EVENTS: &str = "text/event-stream";
const JSON: &str = "application/json";
const LEAVES: bool = true;
const STAYS: bool = false;

const USAGE: &str = r#"{"prompt_tokens":70,"completion_tokens":40,"total_tokens":110}"#;
const ZERO: &str = r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#;

/// What a call came to.
#[derive(Debug, PartialEq, Eq)]
struct Charged {
    outcome: Outcome,
    estimated: bool,
    prompt: u64,
    output: u64,
    nanos: i64,
}

/// A call on a path, with more fields in its body, answered so; then the client may leave before the
/// end.
fn call(
    path: &str,
    more: &str,
    content_type: &str,
    answer: &str,
    leaves: bool,
) -> (Charged, String) {
    let mut bench = Bench::standalone("", r#","monthly_quota_usd":1000"#);
    let mut exchange = Default::default();
    let body = match path {
        RESPONSES => format!(r#"{{"model":"small","input":"Hi"{more}}}"#),
        _ => String::from_utf8(body("small", &format!(r#","max_tokens":90{more}"#))).unwrap(),
    };
    let mut steps = vec![bench.send(&mut exchange, &headers(path, KEY, &[]), body.as_bytes())];
    steps.push(bench.answer(&mut exchange, 200, content_type));
    let mut passed = Vec::new();
    for chunk in answer.as_bytes().chunks(50) {
        let step = bench.step(&mut exchange, Input::ResponseBody { chunk, end: false });
        passed.extend(passed_on(&step, chunk));
        steps.push(step);
    }
    if !leaves {
        let step = bench.step(
            &mut exchange,
            Input::ResponseBody {
                chunk: b"",
                end: true,
            },
        );
        passed.extend(passed_on(&step, b""));
        steps.push(step);
    }
    steps.push(bench.step(&mut exchange, Input::Closed));
    let event = event(&steps);
    let booked = bench.record("namespace:n").books.month_spent;
    assert_eq!(event.cost.nanos(), booked, "what is booked is reported");
    let charged = Charged {
        outcome: event.outcome,
        estimated: event.estimated,
        prompt: event.tokens.prompt(),
        output: event.tokens.output,
        nanos: booked,
    };
    (charged, String::from_utf8(passed).unwrap())
}

fn passed_on(step: &Step, chunk: &[u8]) -> Vec<u8> {
    let replaced = step.effects.iter().find_map(|effect| match effect {
        Effect::ReplaceResponseChunk(bytes) => Some(bytes.clone()),
        _ => None,
    });
    replaced.unwrap_or_else(|| chunk.to_vec())
}

fn stream(path: &str, documents: &[String], leaves: bool) -> Charged {
    call(
        path,
        r#","stream":true"#,
        EVENTS,
        &events(documents),
        leaves,
    )
    .0
}

fn answer(path: &str, body: &str) -> Charged {
    call(path, "", JSON, body, STAYS).0
}

/// A complete call that the provider counted.
fn counted(prompt: u64, output: u64) -> Charged {
    let nanos = prompt * 1_000 + output * 10_000;
    Charged {
        outcome: Outcome::Complete,
        estimated: false,
        prompt,
        output,
        nanos: i64::try_from(nanos).unwrap(),
    }
}

const NOTHING: Charged = Charged {
    outcome: Outcome::UpstreamError,
    estimated: false,
    prompt: 0,
    output: 0,
    nanos: 0,
};

fn events(documents: &[String]) -> String {
    documents
        .iter()
        .map(|document| format!("data: {document}\n\n"))
        .collect()
}

fn word(usage: &str) -> String {
    format!(
        r#"{{"choices":[{{"index":0,"delta":{{"content":"word "}},"finish_reason":null}}],"usage":{usage}}}"#
    )
}

fn last(usage: &str) -> String {
    format!(r#"{{"choices":[],"usage":{usage}}}"#)
}

fn finish() -> String {
    r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.to_owned()
}

fn chat(usage: &str) -> String {
    format!(
        r#"{{"model":"small","choices":[{{"message":{{"content":"Ob, Po, Oder, Don."}},"finish_reason":"stop"}}],"usage":{usage}}}"#
    )
}

fn done() -> String {
    "[DONE]".to_owned()
}

#[test]
fn a_client_that_leaves_after_placeholders_pays_what_was_seen() {
    for (usage, prompt) in [
        (ZERO, None),
        (r#"{"prompt_tokens":70,"completion_tokens":0}"#, Some(70)),
    ] {
        let charged = stream(CHAT, &vec![word(usage); 20], LEAVES);
        assert_eq!(
            (charged.outcome, charged.estimated),
            (Outcome::Truncated, true)
        );
        assert!(charged.output >= 20 && charged.prompt > 0, "{charged:?}");
        assert!(
            prompt.is_none_or(|prompt| charged.prompt == prompt),
            "{charged:?}"
        );
    }
}

#[test]
fn zeros_at_the_end_of_visible_output_are_no_count() {
    let mut documents = vec![word("null"); 200];
    documents.extend([finish(), last(ZERO), done()]);
    for charged in [stream(CHAT, &documents, STAYS), answer(CHAT, &chat(ZERO))] {
        assert_eq!(
            (charged.outcome, charged.estimated),
            (Outcome::Complete, true)
        );
        assert!(charged.output > 0 && charged.prompt > 0, "{charged:?}");
    }
}

#[test]
fn a_count_that_is_none_is_told_to_the_operator() {
    let told = |usage: &str| {
        let mut bench = Bench::standalone("", "");
        let (mut exchange, _) = bench.chat(&body("small", ""));
        bench.answer(&mut exchange, 200, JSON);
        let answer = chat(usage);
        let chunk = answer.as_bytes();
        let step = bench.step(&mut exchange, Input::ResponseBody { chunk, end: true });
        let logged = |effect: &Effect| matches!(effect, Effect::Log(..));
        (
            bench.counted("paddock_miscounted_total;ns=n;model=small") == 1,
            step.effects.iter().any(logged),
        )
    };
    assert_eq!(told(ZERO), (true, true));
    assert_eq!(told(USAGE), (false, false));
    assert_eq!(told("null"), (false, false), "nothing was counted");
}

#[test]
fn what_was_not_counted_is_estimated_alone() {
    let bad = answer(CHAT, &chat(r#"{"prompt_tokens":9,"completion_tokens":-1}"#));
    assert_eq!(
        (bad.outcome, bad.estimated, bad.prompt),
        (Outcome::Complete, true, 9)
    );
    assert!(bad.output > 0);
    let no_prompt = answer(CHAT, &chat(r#"{"completion_tokens":40,"total_tokens":40}"#));
    assert_eq!((no_prompt.estimated, no_prompt.output), (true, 40));
    assert!(no_prompt.prompt > 0);
    let message = r#"{"type":"message","content":[{"type":"text","text":"Ob"}],"usage":{"input_tokens":0,"output_tokens":40}}"#;
    let no_input = answer(MESSAGES, message);
    assert_eq!((no_input.estimated, no_input.output), (true, 40));
    assert!(no_input.prompt > 0);
}

#[test]
fn an_error_in_an_answer_of_200_costs_nothing() {
    let error = r#"{"error":{"message":"quota used up","type":"insufficient_quota","code":429}}"#
        .to_owned();
    let created = r#"{"type":"response.created","response":{"status":"in_progress","usage":null}}"#
        .to_owned();
    let failed = r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error"},"usage":null}}"#.to_owned();
    let start =
        r#"{"type":"message_start","message":{"usage":{"input_tokens":70,"output_tokens":1}}}"#
            .to_owned();
    let overloaded =
        r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#.to_owned();
    assert_eq!(stream(CHAT, &[error.clone(), done()], STAYS), NOTHING);
    assert_eq!(answer(CHAT, &error), NOTHING);
    assert_eq!(stream(RESPONSES, &[created, failed], STAYS), NOTHING);
    assert_eq!(answer(MESSAGES, &overloaded), NOTHING);
    assert_eq!(stream(MESSAGES, &[start, overloaded], STAYS), NOTHING);
    for empty in ["", "\n\n"] {
        assert_eq!(answer(CHAT, empty), NOTHING);
        assert_eq!(
            call(CHAT, r#","stream":true"#, EVENTS, empty, STAYS).0,
            NOTHING
        );
    }
}

#[test]
fn an_error_after_output_costs_what_was_used() {
    let error = r#"{"error":{"message":"broke","code":500}}"#.to_owned();
    let documents = [vec![word("null"); 20], vec![error.clone()]].concat();
    let seen = stream(CHAT, &documents, STAYS);
    assert_eq!((seen.outcome, seen.estimated), (Outcome::Truncated, true));
    assert!(seen.output >= 20 && seen.prompt > 0);
    let documents = [vec![word("null"); 20], vec![last(USAGE), error]].concat();
    let counted_first = stream(CHAT, &documents, STAYS);
    let expected = Charged {
        outcome: Outcome::Truncated,
        ..counted(70, 40)
    };
    assert_eq!(counted_first, expected);
    let failed = r#"{"type":"response.failed","response":{"error":{"code":"server_error"},"usage":{"input_tokens":70,"output_tokens":40}}}"#.to_owned();
    assert_eq!(stream(RESPONSES, &[failed], STAYS), expected);
}

#[test]
fn the_content_type_decides_nothing() {
    let documents = [vec![word("null"); 20], vec![finish(), last(USAGE), done()]].concat();
    let streamed = events(&documents);
    let lines = documents[..22].join("\n");
    for content_type in [
        "",
        JSON,
        "text/plain; charset=utf-8",
        EVENTS,
        "Text/Event-Stream;charset=UTF-8",
    ] {
        let (charged, passed) = call(CHAT, r#","stream":true"#, content_type, &streamed, STAYS);
        assert_eq!(charged, counted(70, 40), "{content_type}");
        assert!(
            !passed.contains(r#""prompt_tokens""#) && passed.contains("[DONE]"),
            "{content_type}"
        );
        for body in [&lines, &chat(USAGE)] {
            let (charged, passed) = call(CHAT, r#","stream":true"#, content_type, body, STAYS);
            assert_eq!(charged, counted(70, 40), "{content_type}");
            assert_eq!(&passed, body);
        }
        let left = call(
            CHAT,
            r#","stream":true"#,
            content_type,
            &events(&documents[..20]),
            LEAVES,
        )
        .0;
        assert_eq!((left.outcome, left.estimated), (Outcome::Truncated, true));
        assert!(left.output >= 20);
    }
}

#[test]
fn the_length_is_unsaid_of_whatever_may_be_shortened() {
    for (more, unsaid) in [(r#","stream":true"#, true), ("", false)] {
        let mut bench = Bench::standalone("", "");
        let (mut exchange, _) = bench.chat(&body("small", more));
        let step = bench.answer(&mut exchange, 200, "text/plain");
        let removed = step
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::RemoveResponseHeader("content-length")));
        assert_eq!(removed, unsaid, "{more}");
        bench.step(&mut exchange, Input::Closed);
    }
}

#[test]
fn a_client_may_leave_once_all_has_come() {
    let documents = [vec![word("null"); 3], vec![finish(), last(USAGE), done()]].concat();
    assert_eq!(stream(CHAT, &documents, LEAVES), counted(70, 40));
    assert_eq!(
        call(CHAT, "", JSON, &chat(USAGE), LEAVES).0,
        counted(70, 40)
    );
    let early = Charged {
        outcome: Outcome::Truncated,
        ..counted(70, 40)
    };
    assert_eq!(stream(CHAT, &documents[..5], LEAVES), early);
}

#[test]
fn a_stream_that_just_ends_is_complete_only_with_a_final_count() {
    let placeholder = r#"{"prompt_tokens":70,"completion_tokens":1}"#;
    let cut = stream(CHAT, &vec![word(placeholder); 20], STAYS);
    assert_eq!(
        (cut.outcome, cut.estimated, cut.prompt),
        (Outcome::Truncated, true, 70)
    );
    assert_eq!(
        stream(CHAT, &[word("null"), last(USAGE)], STAYS),
        counted(70, 40)
    );
}

#[test]
fn tools_cost_their_fees() {
    let message = r#"{"type":"message","content":[{"type":"text","text":"Ob"}],"usage":{"input_tokens":70,"output_tokens":40,"server_tool_use":{"web_search_requests":7}}}"#;
    let charged = answer(MESSAGES, message);
    let fees = i64::try_from(7 * assumed_fee(Tool::WebSearch)).unwrap();
    assert_eq!(charged.nanos, counted(70, 40).nanos + fees);
    assert!(charged.estimated, "the fee is not set");
}

#[test]
fn what_another_model_used_within_a_call_is_charged_too() {
    let message = |model: &str| {
        format!(
            r#"{{"type":"message","model":"small","content":[{{"type":"text","text":"Ob"}}],"usage":{{"input_tokens":70,"output_tokens":40,"iterations":[{{"type":"compaction","input_tokens":100,"output_tokens":10}},{{"type":"advisor_message","model":"{model}","input_tokens":5,"output_tokens":3}},{{"type":"message","input_tokens":70,"output_tokens":40}}]}}}}"#
        )
    };
    assert_eq!(answer(MESSAGES, &message("small")), counted(175, 53));
    // One that nobody was granted has no price: the dearest that was granted holds.
    let stranger = Charged {
        estimated: true,
        ..counted(175, 53)
    };
    assert_eq!(answer(MESSAGES, &message("stranger")), stranger);
}

#[test]
fn what_nobody_can_read_is_charged_by_its_size() {
    let (charged, _) = call(
        CHAT,
        "",
        "text/html",
        "<p>Ob, Po and Oder are rivers.</p>",
        STAYS,
    );
    assert!(
        charged.estimated && charged.output == 9 && charged.prompt > 0,
        "{charged:?}"
    );
}
