//! Inputs in any order: repeated, missing, out of place.

use super::bench::*;
use crate::exchange::Question;
use crate::exchange::{Effect, Exchange, Input, Verdict};
use crate::money::Money;
use crate::request::Headers;
use crate::wire::{CapPeriod, Lease, LendAnswer, Outcome, UsageEvent};
use crate::worker::apply_lend;
use core::time::Duration;
use proptest::prelude::*;

const SCOPES: [&str; 3] = ["key:k", "namespace:n", "organization:o"];

/// One input, or something that happens outside of the exchange.
#[derive(Clone, Debug)]
enum Happening {
    Headers {
        which: usize,
        end: bool,
    },
    Grows(usize),
    Body(Vec<u8>),
    Answered(bool),
    /// The answer to the last question is taken over.
    Lent(i64),
    ResponseHeaders {
        status: u16,
        stream: bool,
        local: bool,
        end: bool,
    },
    ResponseBody(Vec<u8>, bool),
    Trailers,
    Closed,
    Wait(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let bodies = prop_oneof![
        3 => Just(body("small", "")),
        1 => Just(body("tiny", r#","stream":true"#)),
        2 => Just(body("small", r#","user":"u""#)),
        1 => Just(body("auto", r#","batch_mode":true"#)),
        1 => Just(b"{}".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => Just(vec![b' '; 3_000]),
    ];
    let chunks = prop_oneof![
        Just(br#"{"usage":{"prompt_tokens":9,"completion_tokens":3}}"#.to_vec()),
        Just(b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    prop_oneof![
        4 => (0usize..5, proptest::bool::weighted(0.1))
            .prop_map(|(which, end)| Happening::Headers { which, end }),
        1 => (0usize..4_000).prop_map(Happening::Grows),
        5 => bodies.prop_map(Happening::Body),
        2 => any::<bool>().prop_map(Happening::Answered),
        2 => (0i64..3_000_000).prop_map(Happening::Lent),
        3 => (prop_oneof![Just(200u16), Just(500), Just(0)], any::<bool>(),
              proptest::bool::weighted(0.1), proptest::bool::weighted(0.1))
            .prop_map(|(status, stream, local, end)| {
                Happening::ResponseHeaders { status, stream, local, end }
            }),
        3 => (chunks, any::<bool>()).prop_map(|(chunk, end)| Happening::ResponseBody(chunk, end)),
        1 => Just(Happening::Trailers),
        1 => Just(Happening::Closed),
        1 => (0u64..20).prop_map(Happening::Wait),
    ]
}

fn heads() -> [HeaderList; 5] {
    [
        headers(CHAT, KEY, &[]),
        headers(CHAT, "sk-bob", &[]),
        headers("/v1/embeddings", KEY, &[]),
        headers("/v1/nothing", KEY, &[]),
        headers("/v1/models", KEY, &[]),
    ]
}

/// A gateway of either kind whose tenant is known and limited at every level.
fn bench(leased: bool) -> Bench {
    let limits = r#","rate_limit_per_minute":600,"max_concurrency":3,"monthly_quota_usd":0.01"#;
    let routing = r#""routing":{"name":"r","fallback_model":"small","rules":[]}"#;
    let of_users = format!(r#"{limits},"user_monthly_quota_usd":0.005,{routing}"#);
    let mut bench = Bench::of_organization(limits, &of_users, limits);
    if leased {
        let config = Bench::leased("").0.worker.config;
        bench.worker.config.accounting = config.accounting;
    }
    bench
}

fn lend(bench: &mut Bench, question: &Question, lent: i64) {
    let Question::Lend(needs) = question else {
        return;
    };
    let expires_at = bench.now.plus(Duration::from_secs(30));
    let leases = needs.iter().map(|need| Lease {
        scope: need.scope.clone(),
        id: 1,
        lent: Money::from_nanos(lent),
        expires_at,
        period_ends_at: expires_at,
        period: CapPeriod::Daily,
        resets_at: None,
        remaining: Money::from_nanos(lent),
        hold_at_most: None,
        spent: Money::ZERO,
        used_percent: 0,
        short: need.amount.nanos() > lent,
    });
    let (answer, now) = (
        LendAnswer {
            leases: leases.collect(),
            shares: None,
        },
        bench.now,
    );
    apply_lend(&mut bench.store, needs, &answer, now, now);
}

/// How many requests hold something, in the scope that knows of fewest.
fn held(bench: &Bench) -> i64 {
    SCOPES
        .map(|scope| bench.record(scope).in_flight.total())
        .into_iter()
        .min()
        .unwrap()
}

fn is_request(happening: &Happening) -> bool {
    matches!(
        happening,
        Happening::Headers { .. }
            | Happening::Grows(_)
            | Happening::Body(_)
            | Happening::Answered(_)
    )
}

fn is_of_a_served_call(line: &str) -> bool {
    let event = UsageEvent::from_line(line).unwrap();
    event.is_some_and(|event| event.outcome != Outcome::Refused)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn nothing_goes_on_without_a_reservation_and_nothing_is_held_in_the_end(
        leased: bool, mut happenings in proptest::collection::vec(happening(), 1..14),
    ) {
        let (mut bench, heads) = (bench(leased), heads());
        let mut exchange = Exchange::default();
        let (mut admitted, mut emitted, mut question) = (0, 0, None);
        happenings.extend([Happening::Closed, Happening::Closed]);
        for happening in &happenings {
            let headers;
            let input = match happening {
                Happening::Headers { which, end } => {
                    headers = &heads[*which];
                    Input::RequestHeaders { headers: Headers(&crate::request::borrowed(headers)), attributes: &[], end: *end }
                }
                Happening::Grows(received) => Input::RequestBodyGrows { received: *received },
                Happening::Body(body) => Input::RequestBody { body },
                Happening::Answered(reached) => Input::Answered { reached: *reached },
                Happening::ResponseHeaders { status, stream, local, end } => Input::ResponseHeaders {
                    status: *status,
                    content_type: if *stream { b"text/event-stream" } else { b"application/json" },
                    content_encoding: b"",
                    details: if *local { b"no_healthy_upstream" } else { b"" },
                    end: *end,
                },
                Happening::ResponseBody(chunk, end) => Input::ResponseBody { chunk, end: *end },
                Happening::Trailers => Input::ResponseTrailers,
                Happening::Closed => Input::Closed,
                Happening::Lent(lent) => {
                    question.iter().for_each(|question| lend(&mut bench, question, *lent));
                    continue;
                }
                Happening::Wait(seconds) => {
                    bench.now = bench.now.plus(Duration::from_secs(*seconds));
                    continue;
                }
            };
            let held_before = exchange.has_hold();
            let step = bench.step(&mut exchange, input);
            admitted += u32::from(exchange.has_hold() && !held_before);
            for effect in step.effects {
                match effect {
                    Effect::Annotate("paddock_event", line) => {
                        emitted += u32::from(is_of_a_served_call(&line));
                    }
                    Effect::Ask(asked) => question = Some(asked),
                    _ => {}
                }
            }
            prop_assert_eq!(held(&bench), i64::from(exchange.has_hold()));
            if is_request(happening) && step.verdict == Verdict::Continue {
                prop_assert!(admitted > 0, "{happening:?} goes on and nothing was ever held");
            }
        }
        prop_assert!(!exchange.has_hold());
        prop_assert_eq!(emitted, admitted, "one event a reservation");
        for scope in SCOPES.into_iter().chain(["user:n/u"]) {
            let record = bench.record(scope);
            prop_assert_eq!(record.in_flight.total(), 0);
            prop_assert_eq!(record.books.held.total(), 0);
            prop_assert_eq!(record.slice.held.total(), 0);
        }
        // A refused or finished exchange stays so, whatever comes after.
        let again = bench.step(&mut exchange, Input::RequestHeaders { headers: Headers(&crate::request::borrowed(&heads[0])), attributes: &[], end: false });
        prop_assert!(admitted > 0 || again.verdict == Verdict::Wait);
    }
}
