//! Two workers of one Envoy, of which one holds what the other lacks.

use super::bench::*;
use crate::admission::Grants;
use crate::exchange::{Effect, Exchange, Input, Step, Verdict};
use crate::queue::QueueEntry;
use core::time::Duration;

/// A worker with a grant of a namespace's hundred requests, and one that has used up all the rest.
fn one_that_holds_and_one_that_lacks() -> (Bench, Bench) {
    let [mut holds, mut lacks] = [(); 2].map(|()| {
        let mut bench = Bench::standalone("", r#","rate_limit_per_minute":100"#);
        bench.worker.grants = Grants::eager();
        bench
    });
    let (_exchange, step) = holds.chat(&body("small", ""));
    assert_eq!(step.verdict, Verdict::Continue);
    assert!(!holds.worker.grants.is_empty());
    core::mem::swap(&mut holds.store, &mut lacks.store);
    (holds, lacks)
}

/// The first request that is not admitted.
fn exhaust(bench: &mut Bench) -> (Exchange, Step) {
    loop {
        let (exchange, step) = bench.chat(&body("small", ""));
        if step.verdict != Verdict::Continue {
            return (exchange, step);
        }
    }
}

fn entry(step: &Step) -> QueueEntry {
    let mut queued = step.effects.iter().filter_map(|effect| match effect {
        Effect::Queue(_, entry) => Some(*entry),
        _ => None,
    });
    queued.next().expect("a place in the queue")
}

/// The worker that holds it has its tick, at the time of the other.
fn give_back(holds: &mut Bench, lacks: &mut Bench) {
    holds.worker.balance_grants(&mut lacks.store, lacks.now);
    assert!(holds.worker.grants.is_empty());
}

fn later(bench: &mut Bench, millis: u64) {
    bench.now = bench.now.plus(Duration::from_millis(millis));
}

#[test]
fn a_request_waits_for_what_another_worker_does_not_use() {
    let (mut holds, mut lacks) = one_that_holds_and_one_that_lacks();
    let (mut waits, step) = exhaust(&mut lacks);
    assert_eq!(step.verdict, Verdict::Wait);
    let first = entry(&step);
    assert_eq!(first.until.since(lacks.now), Duration::from_millis(250));
    later(&mut lacks, 10);
    let step = lacks.step(&mut waits, Input::Turn);
    assert_eq!(step.verdict, Verdict::Wait);
    assert_eq!(entry(&step), first, "it keeps its place");
    give_back(&mut holds, &mut lacks);
    let step = lacks.step(&mut waits, Input::Turn);
    assert_eq!(step.verdict, Verdict::Continue);
    // Then all of it is used, and nobody has anything more.
    let refused = reply(exhaust(&mut lacks).1);
    assert_eq!(refused.status, 429);
    assert_eq!(
        header(&refused, "x-ratelimit-remaining-requests"),
        Some("0")
    );
}

#[test]
fn a_request_that_waits_in_vain_is_refused_as_ever() {
    let (_gone, mut lacks) = one_that_holds_and_one_that_lacks();
    let (mut waits, _) = exhaust(&mut lacks);
    later(&mut lacks, 250);
    let refused = reply(lacks.step(&mut waits, Input::Turn));
    assert_eq!(refused.status, 429);
    assert_eq!(error(&refused)["scope"], "namespace:n");
    assert_eq!(
        reply(lacks.chat(&body("small", "")).1).status,
        429,
        "nobody waits again"
    );
}

#[test]
fn a_request_that_passes_through_waits_as_well() {
    let (mut holds, mut lacks) = one_that_holds_and_one_that_lacks();
    let _ = exhaust(&mut lacks);
    let upload = headers("/v1/files", KEY, &[]);
    let [mut served, mut refused] = [(); 2].map(|()| Exchange::default());
    for waits in [&mut served, &mut refused] {
        let step = lacks.send(waits, &upload, b"{}");
        assert_eq!(step.verdict, Verdict::Wait);
        assert!(waits.is_queued() && !waits.has_hold());
    }
    give_back(&mut holds, &mut lacks);
    let step = lacks.step(&mut served, Input::Turn);
    assert_eq!(step.verdict, Verdict::Continue);
    let _ = exhaust(&mut lacks);
    assert_eq!(reply(lacks.step(&mut refused, Input::Turn)).status, 429);
}

#[test]
fn a_client_that_leaves_while_it_waits_takes_nothing() {
    let (mut holds, mut lacks) = one_that_holds_and_one_that_lacks();
    let (mut waits, _) = exhaust(&mut lacks);
    lacks.step(&mut waits, Input::Closed);
    assert!(waits.is_over());
    give_back(&mut holds, &mut lacks);
    assert_eq!(lacks.chat(&body("small", "")).1.verdict, Verdict::Continue);
}
