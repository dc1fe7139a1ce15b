//! Where a request is held: at its headers, or at its body where Envoy cannot hold the headers.

use super::bench::{Bench, CHAT, KEY, body, error, headers, reply};
use crate::config::HoldAt;
use crate::exchange::{Effect, Exchange, Input, Level, Step, Verdict};
use crate::request::Headers;

fn at_the_body() -> Bench {
    let mut bench = Bench::standalone("", "");
    let upstream = "openai".to_owned();
    bench.worker.config.hold = HoldAt::Body { upstream };
    bench
}

fn begin(bench: &mut Bench, exchange: &mut Exchange, more: &[(&str, &str)]) -> Step {
    let headers = headers(CHAT, KEY, more);
    let input = Input::RequestHeaders {
        headers: Headers(&crate::request::borrowed(&headers)),
        attributes: &[],
        end: false,
    };
    bench.step(exchange, input)
}

fn sets(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::SetRequestHeader(name, _) => Some(name),
        Effect::SetPath(_) => Some(":path"),
        _ => None,
    }
}

#[test]
fn at_the_body_the_headers_go_on_without_their_length_and_are_not_touched_again() {
    let mut bench = at_the_body();
    let mut exchange = Exchange::default();
    let begun = begin(&mut bench, &mut exchange, &[("content-length", "70")]);
    assert_eq!(begun.verdict, Verdict::Continue);
    let removed = |name: &str| {
        begun
            .effects
            .contains(&Effect::RemoveRequestHeader(name.to_owned()))
    };
    assert!(removed("content-length") && removed("authorization"));
    let namespace = Effect::SetRequestHeader("x-paddock-namespace", "n".to_owned());
    assert!(
        begun.effects.contains(&namespace),
        "its own connection pool"
    );

    assert_eq!(
        bench
            .step(&mut exchange, Input::RequestBodyGrows { received: 9 })
            .verdict,
        Verdict::Wait
    );
    let decided = bench.step(
        &mut exchange,
        Input::RequestBody {
            body: &body("tiny", ""),
        },
    );
    assert_eq!(decided.verdict, Verdict::Continue);
    assert!(
        decided.effects.iter().filter_map(sets).next().is_none(),
        "{:?}",
        decided.effects
    );
    assert!(
        decided
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::ReplaceRequestBody(_)))
    );
    assert!(exchange.has_hold());
}

#[test]
fn at_the_body_a_model_of_another_upstream_is_refused_with_the_reason() {
    let mut bench = at_the_body();
    let upstream = "anthropic".to_owned();
    bench.worker.config.hold = HoldAt::Body { upstream };
    let mut exchange = Exchange::default();
    begin(&mut bench, &mut exchange, &[]);
    let step = bench.step(
        &mut exchange,
        Input::RequestBody {
            body: &body("small", ""),
        },
    );
    let reply = reply(step);
    assert_eq!(
        (reply.status, error(&reply)["code"].as_str()),
        (403, Some("model_not_allowed"))
    );
    let message = error(&reply)["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("route to 'anthropic' is fixed"),
        "{message}"
    );
}

#[test]
fn at_the_body_a_refusal_needs_no_body() {
    let mut bench = at_the_body();
    let headers = headers(CHAT, "sk-nobody", &[]);
    let input = Input::RequestHeaders {
        headers: Headers(&crate::request::borrowed(&headers)),
        attributes: &[],
        end: false,
    };
    assert_eq!(
        reply(bench.step(&mut Exchange::default(), input)).status,
        401
    );
}

#[test]
fn headers_held_in_vain_are_noticed() {
    let mut bench = Bench::standalone("", "");
    let mut exchange = Exchange::default();
    assert_eq!(begin(&mut bench, &mut exchange, &[]).verdict, Verdict::Wait);
    let step = bench.step(&mut exchange, Input::BodyNeverCame);
    let said = step.effects.iter().any(|effect| {
        matches!(effect, Effect::Log(Level::Error, text)
            if text.contains("allow_on_headers_stop_iteration"))
    });
    assert!(said, "the operator is told why");
    assert_eq!(reply(step).status, 503);
    assert!(exchange.is_over());
}
