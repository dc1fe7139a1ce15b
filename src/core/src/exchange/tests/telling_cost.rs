//! Answers that say what they cost.

use super::bench::{Bench, KEY, body, headers};
use crate::config::TellCost;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};

const COST: &str = "x-paddock-cost-usd";
const MESSAGES: &str = "/v1/messages";
const GENERATE: &str = "/v1beta/models/small:streamGenerateContent?alt=sse";
const ANSWER: &[u8] = br#"{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5}}"#;
const EVENTS: &[u8] =
    b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n";

/// What a call is answered: the step of the headers, and those of the chunks, the last of which ends it.
fn answered(tell: TellCost, path: &str, asked: &[u8], kind: &str, chunks: &[&[u8]]) -> Vec<Step> {
    let mut bench = Bench::standalone("", "");
    bench.worker.config.tell_cost = tell;
    let mut exchange = Exchange::default();
    bench.send(&mut exchange, &headers(path, KEY, &[]), asked);
    let mut steps = vec![bench.answer(&mut exchange, 200, kind)];
    for (at, chunk) in chunks.iter().enumerate() {
        let end = at + 1 == chunks.len();
        steps.push(bench.step(&mut exchange, Input::ResponseBody { chunk, end }));
    }
    steps
}

fn header(steps: &[Step]) -> Option<&str> {
    let mut effects = steps.iter().flat_map(|step| &step.effects);
    effects.find_map(|effect| match effect {
        Effect::SetResponseHeader(name, value) if *name == COST => Some(value.as_str()),
        _ => None,
    })
}

/// What passes at the end in the place of the last chunk.
fn last(steps: &[Step]) -> Option<String> {
    steps
        .last()
        .unwrap()
        .effects
        .iter()
        .find_map(|effect| match effect {
            Effect::ReplaceResponseChunk(bytes) => Some(String::from_utf8(bytes.clone()).unwrap()),
            _ => None,
        })
}

#[test]
fn an_answer_waits_for_its_end_and_says_its_cost() {
    let plain = body("small", "");
    for tell in [TellCost::Header, TellCost::HeaderAndComment] {
        let steps = answered(
            tell,
            "/v1/chat/completions",
            &plain,
            "application/json",
            &[ANSWER],
        );
        assert_eq!(steps[0].verdict, Verdict::Wait);
        assert_eq!(header(&steps), Some("0.000061"));
        assert_eq!(last(&steps), None);
    }
    let steps = answered(
        TellCost::Off,
        "/v1/chat/completions",
        &plain,
        "application/json",
        &[ANSWER],
    );
    assert_eq!(
        (&steps[0].verdict, header(&steps)),
        (&Verdict::Continue, None)
    );
}

#[test]
fn one_that_is_too_long_to_wait_does_not() {
    let steps = answered(
        TellCost::Header,
        "/v1/chat/completions",
        &body("small", ""),
        "application/json",
        &[&ANSWER[..9], &ANSWER[9..]],
    );
    assert_eq!(header(&steps), None);
    assert_eq!(last(&steps), None);
}

#[test]
fn a_stream_says_its_cost_behind_its_last_event() {
    let stream = body("small", r#","stream":true"#);
    let used = |tell, path: &str, text: &[u8]| {
        answered(tell, path, &stream, "text/event-stream", &[text, b""])
    };
    let chat = "/v1/chat/completions";
    let steps = used(TellCost::HeaderAndComment, chat, EVENTS);
    assert_eq!(steps[0].verdict, Verdict::Continue);
    let length = Effect::RemoveResponseHeader("content-length");
    assert!(steps[0].effects.contains(&length));
    assert_eq!(
        last(&steps).as_deref(),
        Some(": x-paddock-cost-usd: 0.000061\n\n")
    );
    let message = b"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n";
    let steps = used(TellCost::HeaderAndComment, MESSAGES, message);
    assert!(
        last(&steps)
            .unwrap()
            .starts_with(": x-paddock-cost-usd: 0.0")
    );
    let answer =
        b"data: {\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":1}}\n\n";
    assert_eq!(
        last(&used(TellCost::HeaderAndComment, GENERATE, answer)),
        None
    );
    assert_eq!(last(&used(TellCost::Header, chat, EVENTS)), None);
}
