//! Requests that wait for this gateway's share of a limit.

use super::bench::*;
use super::borrowing::{answered, needs, resolve, teach};
use crate::config::PassThrough;
use crate::exchange::{Exchange, Step, Verdict};
use crate::fair_share::UpstreamLimit;
use crate::gateway_share::{Share, ShareTerm};
use crate::policy::FailureMode;
use crate::wire::{LendAnswer, Need, Shares};
use crate::worker::{apply_lend, share_term};
use std::rc::Rc;

const RATED: &str = r#","rate_limit_per_minute":60,"burst":2"#;

/// A chat that waits for its namespace's first share.
fn waiting(fields: &str, failure_mode: FailureMode) -> (Bench, Exchange, Vec<Need>) {
    let (mut bench, key, mut namespace) = Bench::leased(fields);
    bench.worker.share_term = Some(ShareTerm::default());
    namespace.failure_mode = failure_mode;
    let (_, step) = bench.chat(&body("small", ""));
    teach(&mut bench, &resolve(&step), key, namespace);
    let (exchange, step) = bench.chat(&body("small", ""));
    assert_eq!(step.verdict, Verdict::Wait);
    let needs = needs(&step);
    assert_eq!(needs[0].scope, "namespace:n");
    assert!(needs[0].share.is_some());
    (bench, exchange, needs)
}

/// The service lends all of what was asked for, or answers as one that lends no shares.
fn answer(bench: &mut Bench, needs: &[Need], lends: bool) {
    let share = |need: &Need| {
        let limit = need.share.as_ref().unwrap().need.unwrap().limit;
        Share {
            scope: need.scope.clone(),
            epoch: 1,
            life: 1,
            number: 1,
            part: limit,
            of: limit,
            given: limit
                .rates
                .map(|bucket| i64::try_from(bucket.capacity).unwrap()),
            void: [0; 2],
            short_ms: None,
        }
    };
    let shares = lends.then(|| Shares {
        epoch: 1,
        lasts_ms: 20_000,
        gateways: 1,
        shares: needs.iter().map(share).collect(),
    });
    let answer = LendAnswer {
        leases: Vec::new(),
        shares,
    };
    let now = bench.now;
    apply_lend(&mut bench.store, needs, &answer, now, now);
    bench.worker.share_term = share_term(&bench.store);
}

fn chats(bench: &mut Bench, count: usize) -> Vec<Option<u16>> {
    let status = |step: Step| match step.verdict {
        Verdict::Reply(reply) => Some(reply.status),
        Verdict::Continue => None,
        Verdict::Wait => panic!("{step:?}"),
    };
    (0..count)
        .map(|_| status(bench.chat(&body("small", "")).1))
        .collect()
}

#[test]
fn the_first_request_waits_and_the_next_do_not() {
    let (mut bench, mut exchange, needs) = waiting(RATED, FailureMode::Closed);
    answer(&mut bench, &needs, true);
    let step = answered(&mut bench, &mut exchange, true);
    assert_eq!(step.verdict, Verdict::Continue);
    assert_eq!(chats(&mut bench, 2), [None, Some(429)]);
}

#[test]
fn an_older_service_leaves_each_gateway_the_whole_limit() {
    let (mut bench, mut exchange, needs) = waiting(RATED, FailureMode::Closed);
    answer(&mut bench, &needs, false);
    assert_eq!(bench.worker.share_term, None);
    let step = answered(&mut bench, &mut exchange, true);
    assert_eq!(step.verdict, Verdict::Continue);
    assert_eq!(chats(&mut bench, 2), [None, Some(429)]);
}

#[test]
fn without_the_service_the_failure_mode_of_rates_decides() {
    for (mode, name) in [(FailureMode::Closed, "closed"), (FailureMode::Open, "open")] {
        let (mut bench, mut exchange, _) = waiting(RATED, mode);
        let step = answered(&mut bench, &mut exchange, false);
        match (mode, &step.verdict) {
            (FailureMode::Open, Verdict::Continue) => {}
            (FailureMode::Closed, Verdict::Reply(reply)) => assert_eq!(reply.status, 503),
            (_, other) => panic!("{other:?}"),
        }
        let counter = format!("paddock_failures_total;ns=n;scope=rates;reason={name}");
        assert_eq!(bench.counted(&counter), 1);
    }
}

#[test]
fn what_was_used_without_a_share_is_charged_to_the_first_one() {
    let (mut bench, mut exchange, needs) = waiting(RATED, FailureMode::Open);
    let step = answered(&mut bench, &mut exchange, false);
    assert_eq!(step.verdict, Verdict::Continue);
    answer(&mut bench, &needs, true);
    assert_eq!(chats(&mut bench, 2), [None, Some(429)]);
}

#[test]
fn a_share_that_ended_is_none() {
    let (mut bench, mut exchange, needs) = waiting(RATED, FailureMode::Closed);
    answer(&mut bench, &needs, true);
    let _ = answered(&mut bench, &mut exchange, true);
    bench.now = bench.now.plus(core::time::Duration::from_secs(21));
    let (mut exchange, step) = bench.chat(&body("small", ""));
    assert_eq!(step.verdict, Verdict::Wait);
    let step = answered(&mut bench, &mut exchange, false);
    assert!(matches!(step.verdict, Verdict::Reply(reply) if reply.status == 503));
}

/// Rates and slots are asked for together with money: one question.
#[test]
fn a_share_and_money_are_one_question() {
    let fields = r#","rate_limit_per_minute":60,"max_concurrency":3,"monthly_quota_usd":1"#;
    let (_, _, needs) = waiting(fields, FailureMode::Closed);
    assert_eq!(needs.len(), 1);
    assert!(needs[0].is_of_money());
    let need = needs[0].share.as_ref().unwrap().need.unwrap();
    assert_eq!((need.units.rates, need.units.slots), ([1, 0], 1));
    assert_eq!((need.limit.rates[0].rate, need.limit.slots), (60, 3));
}

/// What passes through without being read waits for a share as well.
#[test]
fn only_a_share_that_did_not_come_is_a_failure() {
    for (lent, status, failures) in [(true, None, 0), (false, Some(503), 1)] {
        let (mut bench, mut exchange, needs) = waiting(RATED, FailureMode::Closed);
        answer(&mut bench, &needs, true);
        let _ = answered(&mut bench, &mut exchange, true);
        bench.now = bench.now.plus(core::time::Duration::from_secs(21));
        bench.worker.config.pass_through = vec![PassThrough {
            path: "/v1/files".to_owned(),
            upstream: "openai".to_owned(),
        }];
        let mut exchange = Exchange::default();
        let step = bench.send(&mut exchange, &headers("/v1/files", KEY, &[]), b"{}");
        let asked = self::needs(&step);
        if lent {
            answer(&mut bench, &asked, true);
        }
        let step = answered(&mut bench, &mut exchange, lent);
        let told = match step.verdict {
            Verdict::Reply(reply) => Some(reply.status),
            Verdict::Continue => None,
            Verdict::Wait => panic!("{step:?}"),
        };
        assert_eq!(told, status);
        let counter = "paddock_failures_total;ns=n;scope=rates;reason=closed";
        assert_eq!(bench.counted(counter), failures);
    }
}

/// A chat that waits for a share of its provider's limit, in a gateway with these failure modes.
fn waiting_for_upstream(modes: &str) -> (Bench, Exchange) {
    let (mut bench, key, mut namespace) = Bench::leased("");
    bench.worker.share_term = Some(ShareTerm::default());
    bench.worker.config.failure_modes = serde_json::from_str(modes).unwrap();
    bench.worker.config.upstreams = vec![Rc::new(UpstreamLimit {
        name: "openai".to_owned(),
        requests_per_minute: Some(60),
        tokens_per_minute: None,
    })];
    namespace.failure_mode = FailureMode::Closed;
    let (_, step) = bench.chat(&body("small", ""));
    teach(&mut bench, &resolve(&step), key, namespace);
    let (exchange, step) = bench.chat(&body("small", ""));
    assert_eq!(needs(&step)[0].scope, "upstream:openai");
    (bench, exchange)
}

#[test]
fn a_providers_limit_has_a_failure_mode_of_its_own() {
    for (modes, status, name) in [
        (r#"{"shares":"open","rates":"closed"}"#, None, "open"),
        (r#"{"shares":"closed","rates":"open"}"#, Some(503), "closed"),
        (r#"{"rates":"open"}"#, Some(503), "closed"),
    ] {
        let (mut bench, mut exchange) = waiting_for_upstream(modes);
        let step = answered(&mut bench, &mut exchange, false);
        let told = match step.verdict {
            Verdict::Reply(reply) => Some(reply.status),
            Verdict::Continue => None,
            Verdict::Wait => panic!("{step:?}"),
        };
        assert_eq!(told, status, "{modes}");
        let counter = format!("paddock_failures_total;ns=n;scope=shares;reason={name}");
        assert_eq!(bench.counted(&counter), 1, "{modes}");
    }
}
