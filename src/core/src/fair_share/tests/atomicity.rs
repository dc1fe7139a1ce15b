//! A request's scopes and its upstream: all or none, also where others write in between.

use super::*;
use crate::admission::{Ask, Budgeting, Denied, Grants, RateTier, Scope, Terms, WhenShort};
use crate::epoch_sum::Epochs;
use crate::fair_share::in_force::InForce;
use crate::fair_share::{NotAdmitted, RequestHold, hold_request};
use crate::money::Money;
use crate::policy::Limits;
use crate::store::SharedStore;
use crate::store::fake::{FakeStore, Interruption};

const TERMS: Terms = Terms {
    epochs: Epochs(86_400),
    budgeting: Budgeting::Books,
    sharing: None,
};

fn scope(requests: u64) -> Rc<Scope> {
    let limits = Limits {
        requests_per_minute: Some(requests),
        monthly_quota: Some(Money::from_nanos(1_000)),
        max_concurrency: Some(5),
        ..Limits::default()
    };
    Rc::new(Scope::new("namespace:n".to_owned(), limits))
}

fn ask(
    store: &mut FakeStore,
    scope: &Rc<Scope>,
    demand: &Demand,
) -> Result<RequestHold, NotAdmitted> {
    let ask = Ask {
        tokens: 10,
        money: Money::from_nanos(100),
        is_turn: false,
        short: WhenShort::Borrow,
        unshared: WhenShort::Borrow,
        unshared_upstream: WhenShort::Borrow,
        tier: RateTier::Regular,
    };
    hold_request(
        &mut Grants::default(),
        store,
        core::slice::from_ref(scope),
        &ask,
        Some(demand),
        TERMS,
        at(0),
    )
}

fn record(store: &FakeStore) -> UpstreamRecord {
    let bytes = store.get("upstream/openai").map(|(bytes, _)| bytes);
    UpstreamRecord::decode(&bytes.unwrap_or_default())
}

fn taken(scope: &Rc<Scope>, store: &FakeStore) -> Option<Vec<u8>> {
    store.get(&scope.record).map(|(bytes, _)| bytes)
}

fn empty(limit: &Rc<UpstreamLimit>, store: &mut FakeStore) {
    let mut record = UpstreamRecord::default();
    record.refill(&InForce::whole(limit), at(0));
    record.requests = 0;
    let version = store.get("upstream/openai").map(|(_, version)| version);
    store
        .put("upstream/openai", &record.encode(), version)
        .unwrap();
}

#[test]
fn what_an_upstream_refuses_leaves_no_trace_in_the_scopes() {
    let limit = limit(60, None);
    let (mut store, scope) = (FakeStore::default(), scope(10));
    empty(&limit, &mut store);
    let refused = ask(&mut store, &scope, &Demand::new(&limit, &number(1), 10));
    let Err(NotAdmitted::Upstream(_, denial)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((denial.limit, denial.share), (60, 60));
    assert_eq!(taken(&scope, &store), None);
    assert_eq!(record(&store).members.len(), 1, "its share accrues");
}

#[test]
fn what_a_scope_refuses_leaves_no_trace_at_the_upstream() {
    let limit = limit(60, None);
    let (mut store, scope) = (FakeStore::default(), scope(1));
    let demand = Demand::new(&limit, &number(1), 10);
    assert!(ask(&mut store, &scope, &demand).is_ok());
    let before = record(&store);
    let refused = ask(&mut store, &scope, &demand);
    assert!(
        matches!(refused, Err(NotAdmitted::Scope(Denied::Rate { .. }))),
        "{refused:?}"
    );
    assert_eq!(record(&store), before);
}

#[test]
fn what_is_refused_for_longer_is_what_is_said() {
    let limit = limit(60, None);
    let (mut store, scope) = (FakeStore::default(), scope(1));
    let demand = Demand::new(&limit, &number(1), 10);
    assert!(ask(&mut store, &scope, &demand).is_ok());
    empty(&limit, &mut store);
    let refused = ask(&mut store, &scope, &demand);
    assert!(matches!(refused, Err(NotAdmitted::Scope(_))), "{refused:?}");
    assert_eq!(record(&store).members.len(), 0);
}

#[test]
fn where_another_worker_takes_the_last_of_it_the_scopes_get_theirs_back() {
    let limit = limit(60, None);
    let (mut store, scope) = (FakeStore::default(), scope(10));
    let demand = Demand::new(&limit, &number(1), 10);
    ask(&mut store, &scope, &demand).unwrap().settle(
        &mut Grants::default(),
        &mut store,
        0,
        Money::ZERO,
        at(0),
    );
    let before = taken(&scope, &store);
    let thief = Rc::clone(&limit);
    let theft: Interruption = Box::new(move |store| empty(&thief, store));
    store.interruptions.push_back(Some(theft));
    let refused = ask(&mut store, &scope, &demand);
    assert!(
        matches!(refused, Err(NotAdmitted::Upstream(..))),
        "{refused:?}"
    );
    assert_eq!(taken(&scope, &store), before);
}

#[test]
fn tokens_are_corrected_once() {
    let limit = limit(None, 100);
    let (mut store, scope) = (FakeStore::default(), scope(10));
    let demand = Demand::new(&limit, &number(1), 60);
    let pool = |store: &FakeStore| {
        let record = record(store);
        let own: i64 = record.members.iter().map(|member| member.tokens).sum();
        i128::from(record.tokens + own) / crate::fair_share::PARTS
    };
    let first = ask(&mut store, &scope, &demand).unwrap();
    assert_eq!(pool(&store), 40);
    first.settle(&mut Grants::default(), &mut store, 15, Money::ZERO, at(0));
    assert_eq!(pool(&store), 85);
    let second = ask(&mut store, &scope, &demand).unwrap();
    second.settle(&mut Grants::default(), &mut store, 95, Money::ZERO, at(0));
    assert_eq!(pool(&store), -10);
    assert!(ask(&mut store, &scope, &demand).is_err());
}
