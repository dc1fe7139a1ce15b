//! What a client chooses is bounded, and what nobody meters is not read.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use crate::policy::user_scope;
use crate::request::Headers;
use proptest::prelude::*;

/// Most bytes of any event of a client that tries to make it long: several texts of 200 characters
/// of 4 bytes, and what JSON adds.
const LONGEST_EVENT: usize = 8 * 1_024;

fn event_bytes(steps: &[Step]) -> usize {
    let event = event(steps);
    // A byte that is not ASCII takes three in the log.
    event.to_json().len().max(event.to_line().len() / 3)
}

/// A served chat of `user`, whose alias is padded with so many blanks.
fn served(user: &str, blanks: usize) -> (Bench, Vec<Step>) {
    let mut bench = Bench::standalone("", r#","user_monthly_quota_usd":1"#);
    bench.worker.config.max_request_bytes = usize::MAX;
    let model = format!("tiny{}", " ".repeat(blanks));
    let user = serde_json::to_string(user).unwrap();
    let body = body(&model, &format!(r#","user":{user}"#));
    let mut exchange = Exchange::default();
    let agent = "a".repeat(blanks);
    let more = [
        ("user-agent", agent.as_str()),
        ("x-request-id", agent.as_str()),
    ];
    let begun = bench.send(&mut exchange, &headers(CHAT, KEY, &more), &body);
    assert_eq!(begun.verdict, Verdict::Continue);
    bench.answer(&mut exchange, 200, "application/json");
    let answer = br#"{"usage":{"prompt_tokens":1000,"completion_tokens":0}}"#;
    let done = bench.step(
        &mut exchange,
        Input::ResponseBody {
            chunk: answer,
            end: true,
        },
    );
    (bench, vec![begun, done])
}

#[test]
fn an_event_stays_short_and_its_user_is_booked_where_they_were_limited() {
    for user in ["alice", &"u".repeat(3_000_000), &"é".repeat(200), "a\nb"] {
        let (bench, steps) = served(user, 1_000_000);
        assert!(event_bytes(&steps) <= LONGEST_EVENT);
        let event = event(&steps);
        assert!(event.requested_model.starts_with("tiny") && event.requested_model.len() < 256);
        // The ledger books to the scope of the user that the event names.
        let booked = user_scope("n", event.user.as_deref().unwrap());
        assert_eq!(booked, user_scope("n", user));
        assert_eq!(bench.record(&booked).books.month_spent, 1_000_000);
    }
}

#[test]
fn the_event_of_a_refusal_is_as_short() {
    let mut bench = Bench::standalone(r#","rate_limit_per_minute":1"#, "");
    bench.worker.config.accounting =
        crate::config::Config::parse(br#"{"accounting":{"cluster":"paddock"}}"#)
            .unwrap()
            .accounting;
    bench.worker.config.max_request_bytes = usize::MAX;
    let user = "u".repeat(100_000);
    let model = format!("small{}", " ".repeat(100_000));
    let body = body(&model, &format!(r#","user":"{user}""#));
    let _ = bench.chat(&body);
    let (_, step) = bench.chat(&body);
    let steps = [step];
    assert!(event_bytes(&steps) <= LONGEST_EVENT);
    let event = event(&steps);
    assert_eq!(
        user_scope("n", event.user.as_deref().unwrap()),
        user_scope("n", &user)
    );
}

#[test]
fn only_an_answer_that_is_metered_is_read() {
    let table = [
        (CHAT, 200, "application/json", "", true),
        (CHAT, 200, "text/event-stream", "identity", true),
        (CHAT, 200, "application/json", "gzip", false),
        (CHAT, 500, "application/json", "", false),
        ("/v1/files", 200, "application/octet-stream", "", false),
    ];
    for (path, status, content_type, encoding, reads) in table {
        let mut bench = Bench::standalone("", r#","max_concurrency":1"#);
        let mut exchange = Exchange::default();
        bench.send(&mut exchange, &headers(path, KEY, &[]), &body("small", ""));
        assert!(exchange.has_hold() && !exchange.reads_response_body());
        bench.step(
            &mut exchange,
            Input::ResponseHeaders {
                status,
                content_type: content_type.as_bytes(),
                content_encoding: encoding.as_bytes(),
                details: b"",
                end: false,
            },
        );
        assert_eq!(exchange.reads_response_body(), reads, "{path} {status}");
        // Told the end alone, it settles all the same.
        let end = true;
        let chunk: &[u8] = if reads { b"{}" } else { b"" };
        bench.step(&mut exchange, Input::ResponseBody { chunk, end });
        bench.step(&mut exchange, Input::Closed);
        assert!(!exchange.has_hold());
        assert_eq!(bench.record("namespace:n").in_flight.total(), 0);
    }
}

#[test]
fn a_body_that_passes_through_is_limited_however_it_comes() {
    let mut bench = Bench::standalone("", r#","max_concurrency":1"#);
    let mut exchange = Exchange::default();
    let form = ("content-type", "multipart/form-data; boundary=x");
    let headers = headers("/v1/files", KEY, &[form]);
    let begun = bench.step(
        &mut exchange,
        Input::RequestHeaders {
            headers: Headers(&crate::request::borrowed(&headers)),
            attributes: &[],
            end: false,
        },
    );
    assert_eq!(begun.verdict, Verdict::Continue);
    assert!(exchange.passes_request());
    let received = bench.worker.config.max_request_bytes;
    let most = bench.step(&mut exchange, Input::RequestBodyGrows { received });
    assert_eq!(most.verdict, Verdict::Continue);
    assert_eq!(bench.record("namespace:n").in_flight.total(), 1);
    let more = bench.step(
        &mut exchange,
        Input::RequestBodyGrows {
            received: received + 1,
        },
    );
    let counter = "paddock_passed_through_total;ns=n;code=413";
    assert_eq!(bench.counted(counter), 1);
    let logged = more.effects.iter().rev().find_map(|effect| match effect {
        Effect::Annotate("paddock_event", line) => Some(line.as_str()),
        _ => None,
    });
    let refused = "key_id=k&namespace=n&code=request_too_large";
    assert_eq!(logged, Some(refused), "the last counts");
    let reply = reply(more);
    assert_eq!(
        (reply.status, &error(&reply)["code"]),
        (413, &"request_too_large".into())
    );
    assert!(exchange.is_over());
    assert_eq!(bench.record("namespace:n").in_flight.total(), 0);
}

proptest! {
    #[test]
    fn no_user_makes_an_event_long(user in ".{1,400}", repeat in 1usize..2_000) {
        let user = user.repeat(repeat);
        let (_, steps) = served(&user, repeat);
        prop_assert!(event_bytes(&steps) <= LONGEST_EVENT);
        let event = event(&steps);
        let named = event.user.as_deref().unwrap();
        prop_assert_eq!(user_scope("n", named), user_scope("n", &user));
    }
}
