//! Requests that wait for money that calls in flight hold.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use core::time::Duration;

/// Room for one request of at most $0.001028, or for eleven that cost what these do.
const QUOTA: &str = r#","monthly_quota_usd":0.0015"#;

fn ask(bench: &mut Bench) -> (Exchange, Step) {
    bench.chat(&body("small", ""))
}

/// The call ends and has cost $0.0001.
fn finish(bench: &mut Bench, exchange: &mut Exchange) {
    bench.answer(exchange, 200, "application/json");
    let chunk = br#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":10,"completion_tokens":9}}"#;
    bench.step(exchange, Input::ResponseBody { chunk, end: true });
    bench.step(exchange, Input::Closed);
}

fn queue_of(step: &Step) -> Option<&str> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::Queue(name, _) => Some(name.as_str()),
        _ => None,
    })
}

#[test]
fn who_waits_is_served_when_calls_in_flight_cost_less_than_they_held() {
    let mut bench = Bench::standalone("", QUOTA);
    let (mut first, step) = ask(&mut bench);
    assert_eq!(step.verdict, Verdict::Continue);
    let (mut second, step) = ask(&mut bench);
    assert_eq!(step.verdict, Verdict::Wait);
    assert_eq!(queue_of(&step), Some("namespace:n"));
    assert_eq!(bench.step(&mut second, Input::Turn).verdict, Verdict::Wait);
    finish(&mut bench, &mut first);
    // A newcomer does not get in front of who waits.
    let (mut third, step) = ask(&mut bench);
    assert_eq!(step.verdict, Verdict::Wait);
    assert_eq!(
        bench.step(&mut second, Input::Turn).verdict,
        Verdict::Continue
    );
    finish(&mut bench, &mut second);
    assert_eq!(
        bench.step(&mut third, Input::Turn).verdict,
        Verdict::Continue
    );
    finish(&mut bench, &mut third);
    let record = bench.record("namespace:n");
    assert_eq!(record.books.month_spent, 300_000);
    // Who comes later, and nobody waits, is served at once.
    bench.now = bench.now.plus(Duration::from_millis(300));
    let mut served = 3;
    loop {
        let (mut exchange, step) = ask(&mut bench);
        if step.verdict != Verdict::Continue {
            assert_eq!(reply(step).status, 402, "nothing is in flight");
            break;
        }
        finish(&mut bench, &mut exchange);
        served += 1;
    }
    assert!(served >= 2 && bench.record("namespace:n").books.month_spent <= 1_500_000);
}

#[test]
fn what_the_cap_cannot_cover_at_all_is_refused_at_once() {
    let mut bench = Bench::standalone("", QUOTA);
    let (_held, _) = ask(&mut bench);
    let refused = bench.chat(&body("small", r#","n":2"#)).1;
    assert_eq!(reply(refused).status, 402);
}

#[test]
fn who_waits_too_long_is_told_of_the_cap_and_leaves_its_place() {
    let mut bench = Bench::standalone(
        "",
        r#","monthly_quota_usd":0.0015,"settings":{"max_queue_size":1}"#,
    );
    let (_held, _) = ask(&mut bench);
    let waiting = ask(&mut bench);
    assert!(waiting.0.is_queued());
    assert_eq!(reply(ask(&mut bench).1).status, 402, "no place is left");
    let refused = reply(bench.waited(waiting));
    assert_eq!(
        (refused.status, &error(&refused)["scope"]),
        (402, &"namespace:n".into())
    );
    let (mut again, step) = ask(&mut bench);
    assert_eq!(step.verdict, Verdict::Wait, "there is a place again");
    bench.step(&mut again, Input::Closed);
    assert!(
        ask(&mut bench).0.is_queued(),
        "a client that leaves gives it back"
    );
}

#[test]
fn who_waits_for_its_keys_money_holds_up_no_other_key() {
    let mut bench = Bench::standalone(QUOTA, "");
    let (_held, _) = ask(&mut bench);
    let step = ask(&mut bench).1;
    assert_eq!(queue_of(&step), Some("key:k"));
}

fn sent(step: &Step) -> serde_json::Value {
    let body = step.effects.iter().find_map(|effect| match effect {
        Effect::ReplaceRequestBody(body) => Some(serde_json::from_slice(body).unwrap()),
        _ => None,
    });
    body.expect("a body")
}

#[test]
fn the_last_of_a_budget_is_spent_with_a_limit_on_the_answer() {
    // `large` is held at 4,096 tokens, $0.041; answers of 90 tokens cost $0.001.
    let mut bench = Bench::standalone("", r#","monthly_quota_usd":0.045"#);
    let mut served = 0;
    let mut limits = Vec::new();
    loop {
        let (mut exchange, step) = bench.chat(&body("large", ""));
        if step.verdict != Verdict::Continue {
            assert_eq!(reply(step).status, 402);
            break;
        }
        if served > 4 {
            let limit = sent(&step)["max_tokens"].as_u64().unwrap();
            let held = bench.record("namespace:n").books.held.total();
            let spent = bench.record("namespace:n").books.month_spent;
            assert!(held + spent <= 45_000_000 && limit >= 90, "{limit} {held}");
            limits.push(limit);
        }
        bench.answer(&mut exchange, 200, "application/json");
        let chunk = br#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":90}}"#;
        bench.step(&mut exchange, Input::ResponseBody { chunk, end: true });
        served += 1;
    }
    assert!((42..=45).contains(&served), "{served}");
    assert!(limits.is_sorted_by(|a, b| a > b), "{limits:?}");
    let spent = bench.record("namespace:n").books.month_spent;
    assert!(spent <= 45_000_000, "{spent}");
}

#[test]
fn those_who_wait_share_the_last_of_a_budget() {
    let mut bench = Bench::standalone("", r#","monthly_quota_usd":0.045"#);
    let mut waiting: Vec<Exchange> = Vec::new();
    let (mut first, step) = bench.chat(&body("large", ""));
    assert_eq!(step.verdict, Verdict::Continue);
    for _ in 0..20 {
        let (exchange, step) = bench.chat(&body("large", ""));
        assert_eq!(step.verdict, Verdict::Wait);
        waiting.push(exchange);
    }
    let finish = |bench: &mut Bench, exchange: &mut Exchange| {
        bench.answer(exchange, 200, "application/json");
        let chunk = br#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":190}}"#;
        bench.step(exchange, Input::ResponseBody { chunk, end: true });
    };
    finish(&mut bench, &mut first);
    for mut exchange in waiting {
        let step = bench.step(&mut exchange, Input::Turn);
        assert_eq!(step.verdict, Verdict::Continue);
        // While one holds all that is left, others go on waiting for what it will not need.
        let (mut newcomer, step) = bench.chat(&body("large", ""));
        assert_eq!(step.verdict, Verdict::Wait);
        bench.step(&mut newcomer, Input::Closed);
        finish(&mut bench, &mut exchange);
    }
    let record = bench.record("namespace:n");
    assert_eq!(record.books.month_spent, 21 * 2_000_000);
}

#[test]
fn who_sets_a_limit_is_not_given_another() {
    let mut bench = Bench::standalone("", r#","monthly_quota_usd":0.01"#);
    let refused = bench.chat(&body("large", r#","max_tokens":4096"#)).1;
    assert_eq!(reply(refused).status, 402);
    // And what cannot be sure of its limit is refused too.
    let refused = bench.chat(&body("large", r#","models":["small"]"#)).1;
    assert_eq!(reply(refused).status, 402);
    let (_, step) = bench.chat(&body("large", ""));
    assert_eq!(step.verdict, Verdict::Continue);
    assert!(sent(&step)["max_tokens"].as_u64().unwrap() < 1_000);
}
