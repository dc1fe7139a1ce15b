//! What an exchange is charged, however it goes.

use super::bench::*;
use crate::exchange::{Effect, Input, Step};
use crate::wire::{Outcome, UsageEvent};

const EVENTS: &str = "text/event-stream; charset=utf-8";
const JSON: &str = "application/json";
const LIMITS: &str = r#","monthly_quota_usd":1,"tokens_per_minute":1000,"max_concurrency":9"#;
const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5}}"#;
/// A whole JSON answer.
fn whole<'a>(chunks: &'a [&'a str]) -> Answer<'a> {
    Answer {
        status: 200,
        content_type: JSON,
        chunks,
        details: "",
        cut: false,
    }
}

const WORD: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"four words at least\"}}]}\n\n";

/// One chat exchange: its answer's status, type, encoding and chunks; `cut`: the client leaves then.
struct Answer<'a> {
    status: u16,
    content_type: &'a str,
    chunks: &'a [&'a str],
    details: &'static str,
    cut: bool,
}

fn run(request: &[u8], answer: &Answer<'_>) -> (Bench, Vec<Step>) {
    let mut bench = Bench::standalone("", LIMITS);
    let (mut exchange, step) = bench.chat(request);
    let mut steps = vec![step];
    if answer.status != 0 {
        steps.push(bench.step(
            &mut exchange,
            Input::ResponseHeaders {
                status: answer.status,
                content_type: answer.content_type.as_bytes(),
                content_encoding: b"",
                details: answer.details.as_bytes(),
                end: false,
            },
        ));
    }
    for (at, chunk) in answer.chunks.iter().enumerate() {
        let end = at + 1 == answer.chunks.len() && !answer.cut;
        let chunk = chunk.as_bytes();
        steps.push(bench.step(&mut exchange, Input::ResponseBody { chunk, end }));
    }
    steps.push(bench.step(&mut exchange, Input::Closed));
    steps.push(bench.step(&mut exchange, Input::Closed));
    assert!(!exchange.has_hold());
    (bench, steps)
}

fn check(
    request: &[u8],
    answer: &Answer<'_>,
    outcome: Outcome,
    estimated: bool,
    tokens: (u64, u64),
) {
    let (bench, steps) = run(request, answer);
    let event: UsageEvent<'_> = event(&steps);
    let cost = i64::try_from(tokens.0 * 1_000 + tokens.1 * 10_000).unwrap();
    assert_eq!((event.tokens.prompt(), event.tokens.output), tokens);
    assert_eq!((event.outcome, event.estimated), (outcome, estimated));
    assert_eq!(event.cost.nanos(), cost);
    let record = bench.record("namespace:n");
    assert_eq!(
        record.books.month_spent, cost,
        "what is booked is what is reported"
    );
    assert_eq!(
        (record.books.held.total(), record.in_flight.total()),
        (0, 0)
    );
    let spent = i64::try_from(tokens.0 + tokens.1).unwrap();
    assert_eq!(
        record.tokens.parts,
        (1_000 - spent) * 60_000_000_000,
        "tokens are corrected"
    );
}

#[test]
fn an_answer_is_charged_by_the_providers_own_count() {
    let plain = body("small", "");
    let json = r#"{"choices":[{"message":{"content":"Hello"}}],"usage":{"prompt_tokens":11,"completion_tokens":5}}"#;
    let zero = r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#;
    let none = r#"{"choices":[{"message":{"content":""}}]}"#;
    check(&plain, &whole(&[json]), Outcome::Complete, false, (11, 5));
    check(
        &plain,
        &whole(&[&json[..20], &json[20..]]),
        Outcome::Complete,
        false,
        (11, 5),
    );
    check(&plain, &whole(&[zero]), Outcome::Complete, false, (0, 0));
    // Without a count the prompt is estimated: six bytes of text and one object.
    let (_, steps) = run(&plain, &whole(&[none]));
    let event = event(&steps);
    assert!(event.estimated && event.tokens.input > 0 && event.cost.is_positive());
}

#[test]
fn an_upstream_that_fails_costs_nothing() {
    let plain = body("small", "");
    let failed = |status, details| Answer {
        status,
        content_type: JSON,
        chunks: &[USAGE],
        details,
        cut: false,
    };
    for (status, details) in [
        (500, "via_upstream"),
        (429, "via_upstream"),
        (400, "via_upstream"),
        (503, "no_healthy_upstream"),
        (
            503,
            "upstream_reset_before_response_started{remote_connection_failure}",
        ),
    ] {
        check(
            &plain,
            &failed(status, details),
            Outcome::UpstreamError,
            false,
            (0, 0),
        );
    }
}

#[test]
fn a_count_of_nothing_for_an_answer_with_tokens_is_an_estimate_and_is_told() {
    let text = r#"{"choices":[{"message":{"content":"Hello, horse"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}"#;
    let (mut bench, steps) = run(&body("small", ""), &whole(&[text]));
    let event = event(&steps);
    assert!(event.estimated && event.tokens.input > 0 && event.tokens.output >= 3);
    let counter = "paddock_miscounted_total;ns=n;model=small";
    assert_eq!(bench.counted(counter), 1);
    let effects: Vec<&Effect> = steps.iter().flat_map(|step| &step.effects).collect();
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Log(..)))
    );
}

#[test]
fn an_upstream_that_nobody_waits_for_may_work_all_the_same() {
    for details in ["response_timeout", "stream_idle_timeout"] {
        let answer = Answer {
            status: 504,
            content_type: JSON,
            chunks: &["{}"],
            details,
            cut: false,
        };
        let (bench, steps) = run(&body("small", ""), &answer);
        let event = event(&steps);
        assert_eq!(
            (event.outcome, event.estimated),
            (Outcome::Truncated, true),
            "{details}"
        );
        assert!(event.tokens.input > 0 && event.tokens.output == 100);
        let spent = bench.record("namespace:n").books.month_spent;
        assert_eq!(spent, event.cost.nanos());
    }
}

#[test]
fn usage_is_forced_and_hidden_only_from_who_did_not_ask() {
    let last = format!("data: {USAGE}\n\ndata: [DONE]\n\n");
    let answer = Answer {
        status: 200,
        content_type: EVENTS,
        chunks: &[WORD, &last],
        details: "",
        cut: false,
    };
    let asked = r#","stream":true,"stream_options":{"include_usage":true}"#;
    let refused = r#","stream":true,"stream_options":{"include_usage":false}"#;
    for (more, hidden) in [(r#","stream":true"#, true), (refused, true), (asked, false)] {
        let request = body("small", more);
        check(&request, &answer, Outcome::Complete, false, (11, 5));
        let (_, steps) = run(&request, &answer);
        let forced = steps[0].effects.iter().find_map(|effect| match effect {
            Effect::ReplaceRequestBody(body) => Some(String::from_utf8_lossy(body).into_owned()),
            _ => None,
        });
        assert_eq!(forced.is_some(), hidden, "{more}");
        assert!(
            forced.is_none_or(|body| body.replace(' ', "").contains(r#""include_usage":true"#))
        );
        let passed: Vec<u8> = steps[2..4]
            .iter()
            .zip(answer.chunks)
            .flat_map(|(step, chunk)| {
                let replaced = step.effects.iter().find_map(|effect| match effect {
                    Effect::ReplaceResponseChunk(bytes) => Some(bytes.clone()),
                    _ => None,
                });
                replaced.unwrap_or_else(|| chunk.as_bytes().to_vec())
            })
            .collect();
        let passed = String::from_utf8(passed).unwrap();
        let expected = if hidden {
            format!("{WORD}data: [DONE]\n\n")
        } else {
            format!("{WORD}{last}")
        };
        assert_eq!(passed, expected, "{more}");
    }
}

#[test]
fn a_stream_that_breaks_off_is_charged_its_prompt_and_what_was_seen() {
    let request = body("small", r#","stream":true"#);
    let cut = |chunks| Answer {
        status: 200,
        content_type: EVENTS,
        chunks,
        details: "",
        cut: true,
    };
    let charged = |chunks| {
        let (bench, steps) = run(&request, &cut(chunks));
        let event = event(&steps);
        assert!(event.estimated);
        assert_eq!(event.outcome, Outcome::Truncated);
        assert_eq!(
            bench.record("namespace:n").books.month_spent,
            event.cost.nanos()
        );
        (event.tokens.input, event.tokens.output)
    };
    let (nothing, one, three) = (charged(&[]), charged(&[WORD]), charged(&[WORD; 3]));
    // Nobody knows what the provider had written when it was left.
    assert_eq!(nothing, (one.0, 100));
    assert!(one.0 > 0 && one.1 >= 4, "{one:?}");
    assert!(three.1 >= 3 * one.1 - 2, "{three:?}");
}

#[test]
fn a_client_that_leaves_before_the_answer_pays_what_the_answer_may_cost() {
    for (status, chunks) in [(0, &[][..]), (200, &[]), (200, &[" \n"])] {
        let gone = Answer {
            status,
            content_type: JSON,
            chunks,
            details: "",
            cut: true,
        };
        let (_, steps) = run(&body("small", ""), &gone);
        let event = event(&steps);
        assert_eq!(
            (event.outcome, event.estimated, event.status),
            (Outcome::Truncated, true, status)
        );
        // The provider may go on: what it can write at most is charged.
        assert!(event.tokens.input > 0 && event.tokens.output == 100);
    }
}

#[test]
fn an_answer_that_cannot_be_read_is_charged_what_was_held_for_it() {
    let mut bench = Bench::standalone("", LIMITS);
    let (mut exchange, _) = bench.chat(&body("small", r#","max_tokens":40"#));
    let held = bench.record("namespace:n").books.held.total();
    let compressed = Input::ResponseHeaders {
        status: 200,
        content_type: JSON.as_bytes(),
        content_encoding: b"gzip",
        details: b"",
        end: false,
    };
    bench.step(&mut exchange, compressed);
    let chunk = Input::ResponseBody {
        chunk: b"\x1f\x8b",
        end: true,
    };
    let done = bench.step(&mut exchange, chunk);
    let steps = [done];
    let event = event(&steps);
    assert!(event.estimated && event.tokens.output == 40);
    assert_eq!(event.cost.nanos(), held);
}
