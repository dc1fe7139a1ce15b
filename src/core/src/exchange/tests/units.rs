//! Calls that are charged by the image, the second, the character or the search, from end to end.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use crate::units::{Unit, Units};
use crate::wire::{Outcome, UsageEvent};

const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data; boundary=b0";

/// A namespace with this price for what has none.
fn bench(more: &str) -> Bench {
    let mut bench = Bench::standalone("", &format!(r#","monthly_quota_usd":10{more}"#));
    bench.worker.config.max_request_bytes = 100_000;
    bench
}

fn send(bench: &mut Bench, path: &str, kind: &str, body: &[u8]) -> (Exchange, Step) {
    let mut exchange = Exchange::default();
    let headers = headers(path, KEY, &[("content-type", kind)]);
    let step = bench.send(&mut exchange, &headers, body);
    (exchange, step)
}

/// What is held, and the event.
fn call(
    more: &str,
    path: &str,
    (sent_as, body): (&str, &[u8]),
    (kind, answer): (&str, &[u8]),
    is_cut: bool,
) -> (i64, UsageEvent<'static>) {
    let mut bench = bench(more);
    let (mut exchange, step) = send(&mut bench, path, sent_as, body);
    assert_eq!(step.verdict, Verdict::Continue, "{path}: {step:?}");
    let held = bench.record("namespace:n").books.held.total();
    let mut steps = vec![bench.answer(&mut exchange, 200, kind)];
    for (at, chunk) in answer.chunks(40).enumerate() {
        let end = (at + 1) * 40 >= answer.len() && !is_cut;
        steps.push(bench.step(&mut exchange, Input::ResponseBody { chunk, end }));
    }
    steps.push(bench.step(&mut exchange, Input::Closed));
    let event = event(&steps);
    let record = bench.record("namespace:n");
    assert_eq!(event.cost.nanos(), record.books.month_spent, "{path}");
    assert_eq!(record.books.held.total(), 0, "{path}");
    (held, event)
}

fn form(model: &str, seconds: usize) -> Vec<u8> {
    let part = |head: &str, value: &[u8]| {
        let head = format!("--b0\r\ncontent-disposition: form-data; name={head}\r\n\r\n");
        [head.as_bytes(), value, b"\r\n"].concat()
    };
    let sound = vec![0; seconds * 750];
    let parts = [
        part("file; filename=a.mp3", &sound),
        part("model", model.as_bytes()),
    ];
    [parts.concat(), b"--b0--\r\n".to_vec()].concat()
}

/// A call, and what must be of it.
struct Case<'a> {
    path: &'a str,
    asked: (&'a str, &'a [u8]),
    answer: (&'a str, &'a [u8]),
    is_cut: bool,
    held: i64,
    cost: i64,
    units: Units,
    outcome: Outcome,
    estimated: bool,
}

fn check(case: &Case<'_>) {
    let (held, event) = call("", case.path, case.asked, case.answer, case.is_cut);
    let what = String::from_utf8_lossy(case.answer.1).into_owned();
    assert_eq!((held, event.cost.nanos()), (case.held, case.cost), "{what}");
    assert_eq!(event.units, case.units, "{what}");
    assert_eq!(
        (event.outcome, event.estimated),
        (case.outcome, case.estimated),
        "{what}"
    );
    assert_eq!(event.endpoint, case.path);
    assert!(case.held >= case.cost, "what is held covers it");
}

#[test]
fn images_cost_what_their_kind_does() {
    let two = br#"{"model":"painter","prompt":"x","n":2,"quality":"hd","size":"1024x1024"}"#;
    let any = br#"{"model":"painter","prompt":"x"}"#;
    let made = |count: usize| {
        format!(
            r#"{{"data":[{}]}}"#,
            vec![r#"{"url":"https://a.test"}"#; count].join(",")
        )
    };
    let case = |asked: &'static [u8], answer: &str, is_cut, held, cost, images, estimated| {
        let outcome = match (is_cut, images) {
            (true, _) => Outcome::Truncated,
            (_, 0) => Outcome::UpstreamError,
            _ => Outcome::Complete,
        };
        check(&Case {
            path: "/v1/images/generations",
            asked: (JSON, asked),
            answer: (JSON, answer.as_bytes()),
            is_cut,
            held,
            cost,
            units: Units::of(Unit::Image, images),
            outcome,
            estimated,
        });
    };
    case(two, &made(2), false, 160_000_000, 160_000_000, 2, false);
    case(two, &made(1), false, 160_000_000, 80_000_000, 1, false);
    case(two, &made(2)[..30], true, 160_000_000, 160_000_000, 2, true);
    case(
        two,
        r#"{"error":{"message":"no"}}"#,
        false,
        160_000_000,
        0,
        0,
        false,
    );
    case(
        two,
        r#"{"images":["x"]}"#,
        false,
        160_000_000,
        160_000_000,
        2,
        true,
    );
    // What was left to the provider is held at the dearest, and charged as the price without a kind.
    case(any, &made(1), false, 80_000_000, 40_000_000, 1, false);
    let (_, event) = call(
        "",
        "/v1/images/generations",
        (JSON, two),
        (JSON, made(2).as_bytes()),
        false,
    );
    assert_eq!(event.variant.as_deref(), Some("hd:1024x1024"));
}

#[test]
fn images_by_token_are_charged_by_the_providers_count() {
    let asked = br#"{"model":"drawer","prompt":"x"}"#;
    let answer = br#"{"data":[{"b64_json":"aGk="}],"usage":{"input_tokens":10,"output_tokens":1000,"total_tokens":1010}}"#;
    let path = "/v1/images/generations";
    let (held, event) = call("", path, (JSON, asked), (JSON, answer), false);
    assert_eq!(event.cost.nanos(), 10 * 1_000 + 1_000 * 40_000);
    assert_eq!((event.tokens.image_output, event.estimated), (1_000, false));
    assert_eq!(event.units, Units::of(Unit::Image, 1));
    assert!(held >= 8_192 * 40_000);
    // Without a count the dearest plausible is charged.
    let uncounted = br#"{"data":[{"b64_json":"aGk="}]}"#;
    let (held, event) = call("", path, (JSON, asked), (JSON, uncounted), false);
    assert_eq!((event.tokens.image_output, event.estimated), (8_192, true));
    assert!(event.cost.nanos() <= held);
}

#[test]
fn speech_costs_what_is_said_and_sound_what_it_lasts() {
    let said = br#"{"model":"voice","input":"Hello there","voice":"alloy"}"#;
    let spoken = |answer: (&'static str, &'static [u8]), is_cut, outcome| Case {
        path: "/v1/audio/speech",
        asked: (JSON, said),
        answer,
        is_cut,
        held: 11 * 15_000,
        cost: if outcome == Outcome::UpstreamError {
            0
        } else {
            11 * 15_000
        },
        units: match outcome {
            Outcome::UpstreamError => Units::NONE,
            _ => Units::of(Unit::Character, 11),
        },
        outcome,
        estimated: false,
    };
    check(&spoken(
        ("audio/mpeg", b"\xff\xf3{\"error\":1}"),
        false,
        Outcome::Complete,
    ));
    check(&spoken(
        ("audio/mpeg", b"data: {}\n\n"),
        true,
        Outcome::Truncated,
    ));
    check(&spoken(
        (JSON, b"{\"error\":{\"message\":\"no\"}}"),
        false,
        Outcome::UpstreamError,
    ));
    let heard = form("ear", 60);
    let lasts = |answer: (&'static str, &'static [u8]), cost, estimated| Case {
        path: "/v1/audio/transcriptions",
        asked: (FORM, &heard),
        answer,
        is_cut: false,
        held: 60 * 100_000,
        cost,
        units: Units::of(Unit::Second, u64::try_from(cost / 100_000).unwrap()),
        outcome: Outcome::Complete,
        estimated,
    };
    check(&lasts(
        (
            JSON,
            br#"{"text":"Hi","usage":{"type":"duration","seconds":9}}"#,
        ),
        900_000,
        false,
    ));
    check(&lasts(
        (JSON, br#"{"duration":8.4,"text":"Hi"}"#),
        900_000,
        false,
    ));
    // What says nothing of its length costs what it can have at most.
    check(&lasts((JSON, br#"{"text":"Hi"}"#), 6_000_000, true));
    check(&lasts(
        ("text/plain; charset=utf-8", b"Hi"),
        6_000_000,
        true,
    ));
    check(&lasts(("text/vtt", b"WEBVTT"), 6_000_000, true));
}

#[test]
fn searches_and_judgements_are_charged_too() {
    let search = br#"{"model":"ranker","query":"a","documents":["b","c"]}"#;
    let ranked = |answer: &'static str, cost, units, estimated| Case {
        path: "/v2/rerank",
        asked: (JSON, search),
        answer: (JSON, answer.as_bytes()),
        is_cut: false,
        held: 2_000_000,
        cost,
        units: Units::of(Unit::SearchUnit, units),
        outcome: Outcome::Complete,
        estimated,
    };
    check(&ranked(
        r#"{"results":[],"meta":{"billed_units":{"search_units":1}}}"#,
        2_000_000,
        1,
        false,
    ));
    check(&ranked(r#"{"results":[]}"#, 2_000_000, 1, true));
    let judged = br#"{"model":"judge","input":"Hi"}"#;
    let answer = br#"{"id":"modr-1","results":[{"flagged":false}]}"#;
    let (held, event) = call("", "/v1/moderations", (JSON, judged), (JSON, answer), false);
    assert_eq!((held, event.cost.nanos()), (0, 0));
    assert_eq!((event.outcome, event.tokens.output), (Outcome::Complete, 0));
    let paid = br#"{"model":"small","input":"Hi"}"#;
    let counted = br#"{"results":[{}],"usage":{"prompt_tokens":7,"total_tokens":7}}"#;
    let (_, event) = call("", "/v1/moderations", (JSON, paid), (JSON, counted), false);
    assert_eq!((event.cost.nanos(), event.estimated), (7_000, false));
    let (_, event) = call(
        "",
        "/v1/rerank",
        (JSON, br#"{"model":"small","query":"a","documents":["b"]}"#),
        (JSON, counted),
        false,
    );
    assert_eq!((event.cost.nanos(), event.estimated), (7_000, false));
}

#[test]
fn what_has_no_price_is_refused_dear_or_free() {
    let asked = br#"{"model":"judge","prompt":"x"}"#;
    let mut strict = bench("");
    let (_, step) = send(&mut strict, "/v1/images/generations", JSON, asked);
    let refused = error(&reply(step));
    assert_eq!(refused["code"], "not_priced");
    assert!(
        refused["message"].as_str().unwrap().contains("units_usd"),
        "{refused}"
    );
    let answer = br#"{"data":[{"url":"https://a.test"}]}"#;
    for (setting, cost, estimated) in [("dearest", 250_000_000, true), ("free", 0, false)] {
        let more = format!(r#","unknown_price":"{setting}""#);
        let (held, event) = call(
            &more,
            "/v1/images/generations",
            (JSON, asked),
            (JSON, answer),
            false,
        );
        assert_eq!(
            (event.cost.nanos(), event.estimated, held),
            (cost, estimated, cost)
        );
    }
}

#[test]
fn a_form_is_what_its_header_says_and_its_model_is_renamed() {
    let body = form("ear", 1);
    let mut one = bench("");
    let (_, step) = send(&mut one, "/v1/audio/translations", FORM, &body);
    let sent = step.effects.iter().find_map(|effect| match effect {
        Effect::ReplaceRequestBody(sent) => Some(sent.clone()),
        _ => None,
    });
    assert_eq!(sent, Some(form("whisper-1", 1)));
    for kind in [
        "multipart/form-data; boundary=b1",
        "multipart/form-data",
        JSON,
    ] {
        let (_, step) = send(&mut bench(""), "/v1/audio/translations", kind, &body);
        let refused = reply(step);
        assert_eq!(refused.status, 400, "{kind}");
        assert!(
            error(&refused)["message"]
                .as_str()
                .unwrap()
                .contains("form"),
            "{kind}"
        );
    }
    let narrowed = Bench::standalone(r#","scopes":["chat:create"]"#, "");
    let mut narrowed = narrowed;
    narrowed.worker.config.max_request_bytes = 100_000;
    let (_, step) = send(&mut narrowed, "/v1/audio/translations", FORM, &body);
    assert_eq!(error(&reply(step))["code"], "endpoint_not_allowed");
}
