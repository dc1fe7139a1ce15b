//! Which budget pays for a request that names a reservation.

use super::bench::*;
use crate::exchange::{Effect, Exchange, Input, Question, Step, Verdict};
use crate::money::Money;
use crate::policy::{FailureMode, ReservationName, ReservationPolicy};
use crate::timestamp::Timestamp;
use crate::wire::{CapPeriod, Lease, LendAnswer, Need, ResolveAnswer, ResolveRequest};
use crate::worker::apply_lend;
use core::time::Duration;
use std::collections::BTreeMap;

const RESERVED: &str = "reservation:n/job";
const NAMESPACE: &str = "namespace:n";
const PLENTY: i64 = 1_000_000_000;
const EXPIRES_AT: Timestamp = Timestamp::from_secs(1_800_000_060);

/// The service, as far as a gateway can tell.
#[derive(Default)]
struct Service {
    /// What it may lend, by scope; a scope that is not there has no budget.
    budgets: BTreeMap<&'static str, i64>,
    /// Whether it knows the reservation.
    knows: bool,
    away: bool,
    lent: BTreeMap<String, i64>,
    asked: Vec<String>,
}

impl Service {
    fn new(reserved: Option<i64>, namespace: i64) -> Service {
        let budgets = [
            (RESERVED, reserved),
            (NAMESPACE, Some(namespace)),
            ("key:k", Some(PLENTY)),
        ];
        let budgets = budgets
            .into_iter()
            .filter_map(|(scope, left)| Some((scope, left?)));
        Service {
            budgets: budgets.collect(),
            knows: reserved.is_some(),
            ..Service::default()
        }
    }

    fn resolve(&mut self, bench: &mut Bench, request: &ResolveRequest) {
        let name = request.reservation.clone().expect("the tenant is known");
        self.asked
            .push(format!("resolve {}/{}", name.namespace, name.id));
        let found = self.knows.then(|| ReservationPolicy {
            name,
            scope: RESERVED.to_owned(),
            amount: Money::from_nanos(PLENTY),
            expires_at: EXPIRES_AT,
        });
        let answer = ResolveAnswer {
            reservation: found,
            ..ResolveAnswer::default()
        };
        bench.worker.cache.learn(request, answer, bench.now);
    }

    /// Lends exactly what is needed, or nothing.
    fn lend(&mut self, bench: &mut Bench, needs: &[Need]) {
        let mut leases = Vec::new();
        for need in needs {
            self.asked.push(format!("lend {}", need.scope));
            let Some(left) = self.budgets.get_mut(need.scope.as_str()) else {
                continue;
            };
            let held = need.held.as_ref().map_or(0, |held| held.left.nanos());
            let more = need.amount.nanos() - held;
            let short = more > *left;
            let lent = self.lent.entry(need.scope.clone()).or_default();
            if !short {
                *left -= more;
                *lent += more;
            }
            leases.push(Lease {
                scope: need.scope.clone(),
                id: lease_of(&need.scope),
                lent: Money::from_nanos(*lent),
                spent: Money::ZERO,
                expires_at: bench.now.plus(Duration::from_secs(30)),
                period_ends_at: Timestamp::from_secs(1_801_440_000),
                period: CapPeriod::Monthly,
                resets_at: None,
                remaining: Money::from_nanos(*left),
                used_percent: 0,
                short,
                hold_at_most: None,
            });
        }
        let answer = LendAnswer {
            leases,
            shares: None,
        };
        bench.worker.cache.forget_ended_reservations(needs, &answer);
        apply_lend(&mut bench.store, needs, &answer, bench.now, bench.now);
    }
}

fn lease_of(scope: &str) -> i64 {
    match scope {
        RESERVED => 7,
        NAMESPACE => 5,
        _ => 3,
    }
}

/// A gateway that knows its tenant: a key and a namespace, each with fields of the policy.
fn gateway(key_fields: &str, namespace_fields: &str) -> Bench {
    let policy = Bench::standalone(key_fields, namespace_fields)
        .worker
        .config
        .policy
        .unwrap();
    let (mut bench, ..) = Bench::leased("");
    let (_, step) = bench.chat(&body("small", ""));
    let Some(Effect::Ask(Question::Resolve(request))) = step.effects.last() else {
        panic!("{step:?}");
    };
    let answer = ResolveAnswer {
        revision: 1,
        key: Some(policy.keys[0].clone()),
        namespaces: vec![policy.namespaces[0].clone()],
        catalog: Some(policy.catalog),
        ..ResolveAnswer::default()
    };
    bench.worker.cache.learn(request, answer, NOW);
    bench
}

/// A request that names a reservation, with all its questions answered.
fn send(bench: &mut Bench, service: &mut Service, id: &str) -> (Exchange, Step) {
    let mut exchange = Exchange::default();
    let headers = headers(CHAT, KEY, &[("x-reservation-id", id)]);
    let mut step = bench.send(&mut exchange, &headers, &body("small", ""));
    let removed = Effect::RemoveRequestHeader("x-reservation-id".to_owned());
    assert!(
        step.effects.contains(&removed),
        "the upstream does not see it"
    );
    while step.verdict == Verdict::Wait {
        assert!(service.asked.len() < 50, "{:?}", service.asked);
        let asked = step.effects.pop();
        match asked {
            _ if service.away => service.asked.push("in vain".to_owned()),
            Some(Effect::Ask(Question::Resolve(request))) => service.resolve(bench, &request),
            Some(Effect::Ask(Question::Lend(needs))) => service.lend(bench, &needs),
            other => panic!("{other:?}"),
        }
        let reached = !service.away;
        step = bench.step(&mut exchange, Input::Answered { reached });
    }
    (exchange, step)
}

/// The leases that paid for a request, or its refusal's status and scope.
fn outcome(bench: &mut Bench, service: &mut Service, id: &str) -> Result<Vec<i64>, (u16, String)> {
    let (mut exchange, step) = send(bench, service, id);
    if let Verdict::Reply(reply) = &step.verdict {
        let scope = error(reply)["scope"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        return Err((reply.status, scope));
    }
    let done = bench.step(&mut exchange, Input::Closed);
    Ok(event(&[done]).leases)
}

const CAPPED: &str = r#","monthly_quota_usd":1"#;

#[test]
fn the_reservation_pays_first_and_the_ordinary_budgets_where_it_cannot() {
    let short = |scope: &str| Err((402, scope.to_owned()));
    // What the reservation has (none: there is none), what the namespace has; who pays.
    let table = [
        (Some(PLENTY), PLENTY, Ok(vec![7])),
        (Some(PLENTY), 0, Ok(vec![7])),
        (Some(0), PLENTY, Ok(vec![5])),
        (Some(1_000), PLENTY, Ok(vec![5])),
        (Some(0), 0, short(NAMESPACE)),
        (None, PLENTY, Ok(vec![5])),
        (None, 0, short(NAMESPACE)),
    ];
    for (reserved, namespace, expected) in table {
        let mut bench = gateway("", CAPPED);
        let mut service = Service::new(reserved, namespace);
        let got = outcome(&mut bench, &mut service, "job");
        assert_eq!(got, expected, "{reserved:?} and {namespace}");
        let slice = bench.record(NAMESPACE).slice;
        let untouched = slice.lent == 0 && slice.spent == 0;
        assert!(
            untouched || got != Ok(vec![7]),
            "the namespace's slice is not touched"
        );
    }
}

#[test]
fn a_cap_of_the_key_and_the_rates_of_all_hold_beside_a_reservation() {
    let mut bench = gateway(CAPPED, CAPPED);
    let mut service = Service::new(Some(PLENTY), 0);
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![3, 7]));
    let mut service = Service::new(Some(PLENTY), PLENTY);
    service.budgets.insert("key:k", 0);
    let mut bench = gateway(CAPPED, CAPPED);
    let refused = outcome(&mut bench, &mut service, "job");
    assert_eq!(refused, Err((402, "key:k".to_owned())));

    let mut bench = gateway("", r#","monthly_quota_usd":1,"rate_limit_per_minute":1"#);
    let mut service = Service::new(Some(PLENTY), 0);
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![7]));
    let refused = outcome(&mut bench, &mut service, "job");
    assert_eq!(refused, Err((429, NAMESPACE.to_owned())));
}

#[test]
fn the_service_is_asked_for_a_reservation_once() {
    let mut bench = gateway("", CAPPED);
    let mut service = Service::new(Some(PLENTY), PLENTY);
    for _ in 0..3 {
        assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![7]));
    }
    let resolved = |service: &Service| {
        let asked = service.asked.iter();
        asked.filter(|asked| asked.starts_with("resolve")).count()
    };
    assert_eq!(resolved(&service), 1);
    // One that is not there is not asked for again at once, and then is.
    let mut service = Service::new(None, PLENTY);
    for _ in 0..3 {
        assert_eq!(outcome(&mut bench, &mut service, "other"), Ok(vec![5]));
    }
    assert_eq!(resolved(&service), 1);
    bench.now = bench.now.plus(Duration::from_secs(2));
    assert_eq!(outcome(&mut bench, &mut service, "other"), Ok(vec![5]));
    assert_eq!(resolved(&service), 2);
}

#[test]
fn one_that_has_ended_pays_no_more() {
    let mut bench = gateway("", CAPPED);
    let mut service = Service::new(Some(PLENTY), PLENTY);
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![7]));
    // Released: nothing more is lent of it, so it is asked for anew and not found.
    service.budgets.remove(RESERVED);
    service.knows = false;
    service.asked.clear();
    bench.now = bench.now.plus(Duration::from_secs(31));
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![5]));
    let asked = [
        "lend reservation:n/job",
        "resolve n/job",
        "lend namespace:n",
    ];
    assert_eq!(service.asked, asked);

    // Expired: by the gateway's own clock.
    let mut bench = gateway("", CAPPED);
    let mut service = Service::new(Some(PLENTY), PLENTY);
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![7]));
    service.knows = false;
    bench.now = EXPIRES_AT;
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![5]));
}

#[test]
fn where_the_service_is_away_the_slices_in_hand_do() {
    for failure_mode in [FailureMode::Closed, FailureMode::Open] {
        let mut bench = gateway("", CAPPED);
        let mut service = Service::new(Some(PLENTY), PLENTY);
        // The namespace holds a slice of twice what a request needs.
        let (_, step) = send(&mut bench, &mut Service::new(None, PLENTY), "none");
        assert_eq!(step.verdict, Verdict::Continue);
        let slice = bench.record(NAMESPACE).slice;
        let more = [Need {
            scope: NAMESPACE.to_owned(),
            amount: Money::from_nanos(slice.lent * 2),
            held: Some(slice.report(NAMESPACE)),
            share: None,
        }];
        service.lent.insert(NAMESPACE.to_owned(), slice.lent);
        service.lend(&mut bench, &more);
        service.away = true;
        assert_eq!(
            outcome(&mut bench, &mut service, "job"),
            Ok(vec![5]),
            "{failure_mode:?}"
        );
    }
    let mut bench = gateway("", CAPPED);
    let mut service = Service::new(Some(PLENTY), PLENTY);
    service.away = true;
    let refused = outcome(&mut bench, &mut service, "job");
    assert_eq!(refused, Err((503, NAMESPACE.to_owned())));
    assert_eq!(
        service.asked.len(),
        2,
        "for the reservation and for a slice"
    );
}

#[test]
fn an_id_that_cannot_be_one_is_not_asked_for() {
    let mut bench = gateway("", CAPPED);
    let mut service = Service::new(Some(PLENTY), PLENTY);
    for id in ["a b", &"x".repeat(129), "\u{fc}"] {
        assert_eq!(outcome(&mut bench, &mut service, id), Ok(vec![5]), "{id}");
        assert!(
            service
                .asked
                .iter()
                .all(|asked| !asked.starts_with("resolve"))
        );
    }
}

#[test]
fn a_standalone_gateway_knows_of_no_reservations() {
    let mut bench = Bench::standalone("", CAPPED);
    assert_eq!(
        outcome(&mut bench, &mut Service::default(), "job"),
        Ok(vec![])
    );
    assert!(bench.record(NAMESPACE).books.month_spent > 0);
}

#[test]
fn where_there_is_no_room_for_a_reservation_the_ordinary_budgets_pay() {
    let mut bench = gateway("", CAPPED);
    bench.worker.config.max_reservations = 1;
    let name = ReservationName {
        namespace: "n".to_owned(),
        id: "first".to_owned(),
    };
    let first = ReservationPolicy {
        scope: "reservation:n/first".to_owned(),
        name,
        amount: Money::from_nanos(1),
        expires_at: EXPIRES_AT,
    };
    let epochs = bench.worker.terms().epochs;
    crate::admission::assign_record(&mut bench.store, &first, 1, epochs, NOW).unwrap();
    let mut service = Service::new(Some(PLENTY), PLENTY);
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![5]));
}

#[test]
fn a_namespace_where_nothing_is_budgeted_spends_the_reservation_all_the_same() {
    let mut bench = gateway("", "");
    let mut service = Service::new(Some(PLENTY), 0);
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![7]));
    let mut service = Service::new(Some(0), 0);
    let mut bench = gateway("", "");
    assert_eq!(outcome(&mut bench, &mut service, "job"), Ok(vec![]));
}
