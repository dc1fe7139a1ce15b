//! The limit of an upstream, which all namespaces share.

use super::bench::*;
use crate::exchange::{Exchange, Input, Verdict};
use crate::fair_share::UpstreamLimit;
use crate::store::SharedStore;
use core::time::Duration;
use std::rc::Rc;

fn limits(requests_per_minute: u64) -> Vec<Rc<UpstreamLimit>> {
    vec![Rc::new(UpstreamLimit {
        name: "openai".to_owned(),
        requests_per_minute: Some(requests_per_minute),
        tokens_per_minute: Some(100_000),
    })]
}

/// A gateway whose upstream takes two requests a minute of everybody.
fn limited() -> Bench {
    let mut bench = Bench::standalone("", "");
    bench.worker.config.upstreams = limits(2);
    bench
}

#[test]
fn what_is_refused_for_the_upstream_names_it_and_the_share() {
    let mut bench = limited();
    bench.chat(&body("small", ""));
    let before = bench.record("key:k");
    let refused = reply(bench.chat(&body("small", "")).1);
    assert_eq!(refused.status, 429);
    assert_eq!(header(&refused, "retry-after"), Some("31"));
    let error = error(&refused);
    assert_eq!(error["scope"], "upstream:openai");
    assert_eq!(error["type"], "requests");
    assert_eq!(
        error["message"],
        "upstream:openai is over the provider's own limit of 2 requests a minute, which all \
         namespaces share. The share of namespace:n is 2 at present. Try again in 31 s."
    );
    assert_eq!(bench.record("key:k"), before);
}

#[test]
fn a_path_that_is_let_pass_counts_as_a_request() {
    let mut bench = limited();
    let pass = |bench: &mut Bench| {
        let mut exchange = Exchange::default();
        bench.send(&mut exchange, &headers("/v1/files", KEY, &[]), b"")
    };
    assert_eq!(pass(&mut bench).verdict, Verdict::Continue);
    let refused = reply(pass(&mut bench));
    assert_eq!(error(&refused)["scope"], "upstream:openai");
    assert_eq!(reply(bench.chat(&body("small", "")).1).status, 429);
}

#[test]
fn who_waited_in_a_queue_and_finds_the_upstream_taken_leaves_the_queue() {
    let settings = r#","rate_limit_per_minute":60,"monthly_quota_usd":1,"settings":
        {"auto_throttle_at_percent":1,"throttle_mode":"queue","throttle_factor":0.01,
         "queue_timeout_seconds":600}"#;
    let mut bench = Bench::standalone("", settings);
    let (mut spends, _) = bench.chat(&body("large", r#","max_tokens":4000"#));
    bench.answer(&mut spends, 200, "application/json");
    let usage = br#"{"usage":{"prompt_tokens":1,"completion_tokens":4000,"total_tokens":4001}}"#;
    let (chunk, end) = (&usage[..], true);
    bench.step(&mut spends, Input::ResponseBody { chunk, end });
    let (mut waits, queued) = bench.chat(&body("small", ""));
    assert!(waits.is_queued(), "{queued:?}");
    let seats = |bench: &Bench| bench.store.get("queue/n").map(|(bytes, _)| bytes);
    let held = seats(&bench);

    bench.worker.config.upstreams = limits(1);
    let other = headers(CHAT, "sk-admin", &[("x-namespace", "m")]);
    bench.now = bench.now.plus(Duration::from_secs(61));
    let taken = bench.send(&mut Exchange::default(), &other, &body("small", ""));
    assert_eq!(taken.verdict, Verdict::Continue, "{taken:?}");
    let refused = reply(bench.step(&mut waits, Input::Turn));
    assert_eq!(error(&refused)["scope"], "upstream:openai");
    assert_ne!(seats(&bench), held, "its slot is free");
}
