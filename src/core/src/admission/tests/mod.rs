mod atomicity;
mod first_share;
mod grants;
mod interleaving;
mod reference;
mod shared_records;
mod throttling;

use super::{Ask, Budgeting, RateTier, Scope, ScopeRecord, Terms, WhenShort};
use crate::epoch_sum::Epochs;
use crate::money::Money;
use crate::policy::Limits;
use crate::store::fake::FakeStore;
use crate::store::{SharedStore, Version};
use crate::timestamp::Timestamp;
use proptest::prelude::*;
use std::rc::Rc;

/// 2027-01-15T08:00:00Z.
const START: u64 = 1_800_000_000_000_000_000;
const SECOND: u64 = 1_000_000_000;

/// Books, and epochs so long that nothing drops out by itself.
const TERMS: Terms = Terms {
    epochs: Epochs(100 * 86_400),
    budgeting: Budgeting::Books,
    sharing: None,
};
use std::collections::BTreeMap;

const NAMES: [&str; 3] = ["key:k", "namespace:n", "organization:o"];

fn at(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(START + nanos)
}

fn ask(tokens: u64, money: i64) -> Ask {
    Ask {
        tokens,
        money: Money::from_nanos(money),
        short: WhenShort::Borrow,
        unshared: WhenShort::Borrow,
        unshared_upstream: WhenShort::Borrow,
        tier: RateTier::Regular,
        is_turn: false,
    }
}

/// A key, its namespace, its organization: as many as there are limits.
fn scopes<const N: usize>(limits: [&Limits; N]) -> [Rc<Scope>; N] {
    let mut names = NAMES.iter();
    limits.map(|limits| {
        let name = (*names.next().unwrap()).to_owned();
        Rc::new(Scope::new(name, limits.clone()))
    })
}

fn record(store: &FakeStore, scope: &Scope) -> ScopeRecord {
    let value: Option<(Vec<u8>, Version)> = store.get(&scope.record);
    value.map_or_else(ScopeRecord::default, |(bytes, _)| {
        ScopeRecord::decode(&bytes)
    })
}

/// Limits tight enough to be hit by a few requests of up to 20 tokens and 100 nano-dollars.
fn tight_limits() -> impl Strategy<Value = Limits> {
    let or_none = proptest::option::of::<core::ops::Range<u64>>;
    let money = || proptest::option::of((0i64..600).prop_map(Money::from_nanos));
    let rates = (
        or_none(1..600),
        or_none(1..8),
        or_none(1..400),
        or_none(1..5),
    );
    (rates, money(), money()).prop_map(|((requests, burst, tokens, concurrency), month, day)| {
        Limits {
            requests_per_minute: requests,
            burst: burst.filter(|_| requests.is_some()),
            tokens_per_minute: tokens,
            bytes_per_minute: None,
            max_concurrency: concurrency,
            monthly_quota: month,
            daily_quota: day,
            quotas: BTreeMap::new(),
            soft_limits: Vec::new(),
        }
    })
}
