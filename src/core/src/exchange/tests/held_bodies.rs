//! Bodies that are held: how many, and that none is counted when its request is over.

use super::bench::*;
use crate::bodies::{BodyLimits, BodyRecord, Pace, SMALL};
use crate::exchange::{Exchange, Input, Step, Verdict};
use crate::request::Headers;
use crate::store::{SharedStore, read_as};

const LIMITS: BodyLimits = BodyLimits {
    key: 300_000,
    namespace: 300_000,
    arriving: 3,
    bytes_per_minute: 100_000_000,
    least_bytes_per_second: 1_024,
};

fn bench() -> Bench {
    let mut bench = Bench::standalone("", "");
    bench.worker.config.held_bodies = LIMITS;
    bench.worker.config.max_request_bytes = 250_000;
    bench
}

fn held(bench: &Bench) -> i64 {
    let total = |scope: &str| {
        let (value, _) = bench.store.get(&format!("bodies/{scope}"))?;
        read_as::<BodyRecord>(&value).map(|record| record.held.total())
    };
    let (key, namespace) = (total("key:k"), total("namespace:n"));
    assert_eq!(key, namespace);
    key.unwrap_or(0)
}

fn begin(bench: &mut Bench, more: &[(&str, &str)]) -> (Exchange, Step) {
    let mut exchange = Exchange::default();
    let headers = headers(CHAT, KEY, more);
    let headers = crate::request::borrowed(&headers);
    let input = Input::RequestHeaders {
        headers: Headers(&headers),
        attributes: &[],
        end: false,
    };
    let step = bench.step(&mut exchange, input);
    (exchange, step)
}

fn is_refused(step: &Step, what: &str) -> bool {
    match &step.verdict {
        Verdict::Reply(reply) => {
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            assert!(reply.status == 429 && body.contains(what), "{body}");
            true
        }
        _ => false,
    }
}

#[test]
fn an_announced_length_is_counted_before_a_byte_of_it_comes() {
    let mut bench = bench();
    let announced = [("content-length", "200000")];
    let (mut first, step) = begin(&mut bench, &announced);
    assert_eq!((step.verdict, held(&bench)), (Verdict::Wait, 200_000));
    let (_, step) = begin(&mut bench, &announced);
    assert!(is_refused(
        &step,
        "key 'k' has sent requests that are not answered yet, and this one is too large beside them"
    ));
    assert_eq!(held(&bench), 200_000, "a refusal leaves no trace");
    // A small one is not counted.
    let (mut small, step) = begin(&mut bench, &[("content-length", "100")]);
    assert_eq!((step.verdict, held(&bench)), (Verdict::Wait, 200_000));
    for exchange in [&mut first, &mut small] {
        bench.step(exchange, Input::Closed);
    }
    assert_eq!(held(&bench), 0);
}

#[test]
fn a_body_of_no_length_is_counted_as_it_comes() {
    let mut bench = bench();
    let (mut first, _) = begin(&mut bench, &[]);
    for (received, counted) in [
        (SMALL, 0),
        (SMALL + 1, 131_072),
        (131_072, 131_072),
        (131_073, 250_000),
        (250_000, 250_000),
    ] {
        let step = bench.step(&mut first, Input::RequestBodyGrows { received });
        assert_eq!((step.verdict, held(&bench)), (Verdict::Wait, counted));
    }
    let (mut second, _) = begin(&mut bench, &[]);
    let body = vec![b' '; SMALL + 1];
    let step = bench.step(&mut second, Input::RequestBody { body: &body });
    assert!(is_refused(&step, "300000 bytes together"));
    bench.step(&mut first, Input::RequestBodyGrows { received: 250_001 });
    assert_eq!(held(&bench), 0, "refused with 413");
}

#[test]
fn a_body_is_counted_until_it_is_answered() {
    let mut bench = bench();
    let text = body("small", &format!(r#","x":"{}""#, "x".repeat(100_000)));
    let length = text.len().to_string();
    let (mut exchange, _) = begin(&mut bench, &[("content-length", length.as_str())]);
    let step = bench.step(&mut exchange, Input::RequestBody { body: &text });
    assert_eq!(step.verdict, Verdict::Continue);
    assert_eq!(held(&bench), i64::try_from(text.len()).unwrap());
    bench.answer(&mut exchange, 200, "application/json");
    let chunk = br#"{"usage":{"prompt_tokens":1,"completion_tokens":0}}"#;
    bench.step(&mut exchange, Input::ResponseBody { chunk, end: true });
    assert_eq!(held(&bench), 0);
}

#[test]
fn so_many_bodies_may_be_on_their_way() {
    let mut bench = bench();
    let mut begun: Vec<_> = (0..3).map(|_| begin(&mut bench, &[]).0).collect();
    let (_, step) = begin(&mut bench, &[]);
    assert!(is_refused(&step, "namespace:n has begun 3 requests"));
    // One that has come makes room, and so does one that will not come.
    let text = body("small", "");
    bench.step(&mut begun[0], Input::RequestBody { body: &text });
    bench.step(&mut begun[1], Input::Closed);
    for _ in 0..2 {
        assert_eq!(begin(&mut bench, &[]).1.verdict, Verdict::Wait);
    }
    assert!(is_refused(
        &begin(&mut bench, &[]).1,
        "whose bodies have not arrived in full"
    ));
}

#[test]
fn a_record_that_is_never_free_is_an_overload_and_no_limit() {
    let mut bench = bench();
    bench.store.conflicts = vec![true; crate::store::MAX_ATTEMPTS as usize];
    let (_, step) = begin(&mut bench, &[("content-length", "100000")]);
    let reply = reply(step);
    assert_eq!(reply.status, 503);
    assert_eq!(error(&reply)["code"], "gateway_overloaded");
}

#[test]
fn a_body_that_comes_too_slowly_is_refused_and_makes_room() {
    let mut bench = bench();
    let announced = [("content-length", "200000")];
    let (mut exchange, _) = begin(&mut bench, &announced);
    bench.step(&mut exchange, Input::RequestBodyGrows { received: 10_239 });
    let later = bench.now.plus(Pace::PERIOD);
    assert!(exchange.is_too_slow(1_024, later));
    let refused = reply(bench.step(&mut exchange, Input::BodyTooSlow));
    assert_eq!(refused.status, 408);
    assert_eq!(error(&refused)["code"], "request_timeout");
    assert_eq!(held(&bench), 0);
    // What is over is not refused again.
    assert!(!exchange.awaits_body() && !exchange.is_too_slow(1_024, later.plus(Pace::PERIOD)));
    let step = bench.step(&mut exchange, Input::BodyTooSlow);
    assert_eq!(step.verdict, Verdict::Wait);
}
