//! A namespace whose budget runs low: refused, redirected, or queued.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use crate::queue;
use core::time::Duration;

/// Four requests at once and sixty a minute, until half of a cent is spent: then half of that.
fn bench(settings: &str) -> Bench {
    let namespace = format!(
        r#","monthly_quota_usd":0.01,"rate_limit_per_minute":60,"burst":4,
            "settings":{{"auto_throttle_at_percent":50{settings}}}"#
    );
    Bench::standalone("", &namespace)
}

fn later(bench: &mut Bench, seconds: u64) {
    bench.now = bench.now.plus(Duration::from_secs(seconds));
}

fn small() -> Vec<u8> {
    body("small", r#","max_tokens":1"#)
}

/// Ends a request at a cost of 500 tokens of output: half a cent.
fn finish(bench: &mut Bench, exchange: &mut Exchange, output: u64) -> Step {
    let step = bench.answer(exchange, 200, "application/json");
    let body = format!(r#"{{"usage":{{"prompt_tokens":0,"completion_tokens":{output}}}}}"#);
    let chunk = body.as_bytes();
    bench.step(exchange, Input::ResponseBody { chunk, end: true });
    step
}

/// Spends half of the budget, and waits until the bucket is full again.
fn spend(bench: &mut Bench) {
    let (mut exchange, step) = bench.chat(&small());
    assert_eq!(step.verdict, Verdict::Continue);
    finish(bench, &mut exchange, 500);
    later(bench, 60);
}

fn model_of(step: &Step) -> String {
    let body = step.effects.iter().find_map(|effect| match effect {
        Effect::ReplaceRequestBody(body) => Some(String::from_utf8(body.clone()).unwrap()),
        _ => None,
    });
    let body: serde_json::Value = serde_json::from_str(&body.unwrap_or_default()).unwrap();
    body["model"].as_str().unwrap().to_owned()
}

fn set<'a>(step: &'a Step, name: &str) -> Option<&'a str> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::SetResponseHeader(other, value) if *other == name => Some(value.as_str()),
        _ => None,
    })
}

#[test]
fn the_excess_is_refused_and_told_why() {
    let mut bench = bench("");
    for _ in 0..4 {
        assert_eq!(bench.chat(&small()).1.verdict, Verdict::Continue);
    }
    let plain = reply(bench.chat(&small()).1);
    assert!(!error(&plain)["message"].to_string().contains("throttled"));
    later(&mut bench, 60);
    spend(&mut bench);
    for _ in 0..2 {
        let (mut exchange, step) = bench.chat(&small());
        assert_eq!(step.verdict, Verdict::Continue);
        let answered = finish(&mut bench, &mut exchange, 0);
        assert_eq!(set(&answered, "x-paddock-reason"), Some("throttled"));
        assert_eq!(set(&answered, "x-paddock-model"), Some("small"));
        assert_eq!(set(&answered, "x-ratelimit-limit-requests"), Some("30"));
    }
    let refused = reply(bench.chat(&small()).1);
    let error = error(&refused);
    assert_eq!(
        (refused.status, header(&refused, "retry-after")),
        (429, Some("2"))
    );
    assert_eq!(error["scope"], "namespace:n");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("30 of its 60 requests a minute"),
        "{message}"
    );
}

#[test]
fn the_excess_is_redirected_and_priced_as_what_served_it() {
    let settings = r#","throttle_mode":"redirect","fallback_model":"small""#;
    let mut bench = bench(settings);
    spend(&mut bench);
    let large = body("huge", r#","max_tokens":1"#);
    let mut served = Vec::new();
    for _ in 0..4 {
        let (exchange, step) = bench.chat(&large);
        assert_eq!(step.verdict, Verdict::Continue);
        served.push((exchange, model_of(&step)));
    }
    let models: Vec<&str> = served.iter().map(|(_, model)| model.as_str()).collect();
    assert_eq!(models, ["large", "large", "small", "small"]);
    assert_eq!(
        reply(bench.chat(&large).1).status,
        429,
        "both halves are used up"
    );

    let (exchange, _) = &mut served[2];
    let step = bench.answer(exchange, 200, "application/json");
    assert_eq!(set(&step, "x-paddock-model"), Some("small"));
    assert_eq!(set(&step, "x-paddock-reason"), Some("throttled"));
    let chunk = br#"{"usage":{"prompt_tokens":2,"completion_tokens":3}}"#;
    let ended = bench.step(exchange, Input::ResponseBody { chunk, end: true });
    let steps = [ended];
    let event = event(&steps);
    assert_eq!((&*event.model, &*event.requested_model), ("small", "huge"));
    assert_eq!(event.cost.nanos(), 2 * 1_000 + 3 * 10_000);
}

#[test]
fn what_the_budget_cannot_cover_goes_to_the_fallback_where_that_fits() {
    // The default of `large` is 4,096 tokens of output, four cents; of `small` 100, a tenth of one.
    let settings = r#","throttle_mode":"redirect","fallback_model":"tiny""#;
    let mut bench = bench(settings);
    let (mut exchange, step) = bench.chat(&body("large", ""));
    assert_eq!(
        (step.verdict == Verdict::Continue, model_of(&step).as_str()),
        (true, "small")
    );
    let step = finish(&mut bench, &mut exchange, 1);
    assert_eq!(set(&step, "x-paddock-reason"), Some("budget_low"));
    let refused = reply(bench.chat(&body("small", r#","n":50,"max_tokens":100"#)).1);
    assert_eq!(refused.status, 402, "the fallback itself is not redirected");
    let mut plain = super::bench::Bench::standalone("", r#","monthly_quota_usd":0.01"#);
    let large = body("large", r#","max_tokens":4096"#);
    assert_eq!(reply(plain.chat(&large).1).status, 402);
}

#[test]
fn a_fallback_the_caller_may_not_use_is_none() {
    let settings = r#","throttle_mode":"redirect","fallback_model":"secret""#;
    let mut bench = bench(settings);
    spend(&mut bench);
    for _ in 0..2 {
        assert_eq!(bench.chat(&small()).1.verdict, Verdict::Continue);
    }
    assert_eq!(reply(bench.chat(&small()).1).status, 429);
}

/// The namespace's throttled rate is used up: what comes now waits.
fn queueing(places: u64) -> Bench {
    let settings =
        format!(r#","throttle_mode":"queue","max_queue_size":{places},"queue_timeout_seconds":5"#);
    let mut bench = bench(&settings);
    spend(&mut bench);
    for _ in 0..2 {
        assert_eq!(bench.chat(&small()).1.verdict, Verdict::Continue);
    }
    bench
}

fn queued(bench: &mut Bench) -> Exchange {
    let (exchange, step) = bench.chat(&small());
    assert_eq!(step.verdict, Verdict::Wait);
    assert!(exchange.is_queued());
    assert!(
        step.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Queue(name, _) if name == "n"))
    );
    exchange
}

fn waiting(bench: &Bench) -> u64 {
    queue::read(&bench.store, "n").waiting()
}

#[test]
fn the_excess_waits_its_turn_and_no_newcomer_overtakes() {
    let mut bench = queueing(4);
    let (mut first, mut second) = (queued(&mut bench), queued(&mut bench));
    assert_eq!(
        bench.step(&mut first, Input::Turn).verdict,
        Verdict::Wait,
        "nothing has come in"
    );
    later(&mut bench, 2);
    // One token is there. It is not the newcomer's, while anybody is heard to wait.
    queue::enter(
        &mut bench.store,
        "n",
        crate::policy::Priority::High,
        9,
        crate::epoch_sum::Epochs(5),
        bench.now,
    )
    .unwrap();
    let mut newcomer = queued(&mut bench);
    assert_eq!(
        bench.step(&mut first, Input::Turn).verdict,
        Verdict::Continue
    );
    assert_eq!(bench.step(&mut second, Input::Turn).verdict, Verdict::Wait);
    let step = finish(&mut bench, &mut first, 0);
    assert_eq!(set(&step, "x-paddock-reason"), Some("throttled"));
    later(&mut bench, 4);
    for exchange in [&mut second, &mut newcomer] {
        assert_eq!(bench.step(exchange, Input::Turn).verdict, Verdict::Continue);
    }
    assert_eq!(waiting(&bench), 1, "only the one that was put there");
}

#[test]
fn a_full_queue_a_long_wait_and_a_client_that_leaves() {
    let mut bench = queueing(3);
    let mut waiters: Vec<Exchange> = (0..3).map(|_| queued(&mut bench)).collect();
    let refused = reply(bench.chat(&small()).1);
    assert_eq!(refused.status, 429);
    assert!(
        error(&refused)["message"]
            .as_str()
            .unwrap()
            .contains("its queue of 3")
    );

    bench.step(&mut waiters.pop().unwrap(), Input::Closed);
    assert_eq!(waiting(&bench), 2);
    let mut other = queued(&mut bench);
    // Others use up what comes in meanwhile; the time is up.
    bench.now = bench.now.plus(Duration::from_millis(5_001));
    for _ in 0..2 {
        let turn = bench.step(&mut waiters.pop().unwrap(), Input::Turn);
        assert_eq!(turn.verdict, Verdict::Continue);
    }
    let refused = reply(bench.step(&mut other, Input::Turn));
    assert_eq!(
        (refused.status, header(&refused, "retry-after").is_some()),
        (429, true)
    );
    assert!(
        error(&refused)["message"]
            .as_str()
            .unwrap()
            .contains("waited 5 s in its queue")
    );
    assert_eq!(waiting(&bench), 0);
}

#[test]
fn a_cap_refuses_at_once_and_nobody_else_waits() {
    let mut bench = queueing(3);
    let refused = reply(bench.chat(&body("large", r#","max_tokens":4096"#)).1);
    assert_eq!(refused.status, 402);
    assert_eq!(waiting(&bench), 0);
}
