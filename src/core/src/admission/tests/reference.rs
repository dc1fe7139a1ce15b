//! Admission against a model of plain numbers: no shared data, no bytes, no compare-and-swap.

use super::*;
use crate::admission::{Denied, Grants, Hold, RateKind, place_hold};
use crate::wire::CapPeriod;
use core::time::Duration;

const PARTS: i128 = 60 * SECOND as i128;
const DAY: u64 = 86_400 * SECOND;
/// The end of START's day and month, in nanoseconds after START.
const DAY_END: u64 = 16 * 3_600 * SECOND;
const MONTH_END: u64 = 17 * DAY - 8 * 3_600 * SECOND;

/// One scope.
#[derive(Clone, Debug)]
struct Model {
    limits: Limits,
    requests: i128,
    tokens: i128,
    filled_at: u64,
    in_flight: u64,
    held: i64,
    /// Every cost and when its request was admitted.
    costs: Vec<(u64, i64)>,
}

#[derive(Debug, PartialEq)]
enum Decision {
    Yes,
    Rate(usize, RateKind, Duration),
    Budget(usize, CapPeriod, i64),
}

fn day_of(clock: u64) -> u64 {
    (clock + DAY - DAY_END) / DAY
}

fn month_of(clock: u64) -> u64 {
    u64::from(clock >= MONTH_END)
}

impl Model {
    fn new(limits: Limits) -> Model {
        let mut model = Model {
            limits,
            requests: 0,
            tokens: 0,
            filled_at: 0,
            in_flight: 0,
            held: 0,
            costs: Vec::new(),
        };
        (model.requests, model.tokens) = (model.capacity().0 * PARTS, model.capacity().1 * PARTS);
        model
    }

    fn capacity(&self) -> (i128, i128) {
        let rate = self.limits.requests_per_minute.unwrap_or(0);
        let requests = self.limits.burst.unwrap_or(rate);
        let tokens = self.limits.tokens_per_minute.unwrap_or(0);
        (requests.into(), tokens.into())
    }

    fn fill(&mut self, clock: u64) {
        let gone = i128::from(clock - self.filled_at);
        let (requests, tokens) = self.capacity();
        let rate = |rate: Option<u64>| gone * i128::from(rate.unwrap_or(0));
        self.requests += rate(self.limits.requests_per_minute);
        self.requests = self.requests.min(requests * PARTS);
        self.tokens += rate(self.limits.tokens_per_minute);
        self.tokens = self.tokens.min(tokens * PARTS);
        self.filled_at = clock;
    }

    fn spent(&self, of: fn(u64) -> u64, clock: u64) -> i64 {
        let same = self
            .costs
            .iter()
            .filter(|(admitted, _)| of(*admitted) == of(clock));
        same.map(|(_, cost)| cost).sum()
    }

    /// What this scope says by itself: waiting does not cure a cap, so it outweighs a rate.
    fn judge(&self, me: usize, tokens: u64, money: i64, clock: u64) -> Decision {
        if self
            .limits
            .max_concurrency
            .is_some_and(|most| self.in_flight >= most)
        {
            return Decision::Rate(me, RateKind::Concurrency, Duration::from_secs(1));
        }
        let caps = [
            (
                CapPeriod::Daily,
                self.limits.daily_quota,
                self.spent(day_of, clock),
            ),
            (
                CapPeriod::Monthly,
                self.limits.monthly_quota,
                self.spent(month_of, clock),
            ),
        ];
        let caps = caps.into_iter().filter_map(|(period, quota, spent)| {
            Some((period, (quota?.nanos() - spent - self.held).max(0)))
        });
        if let Some((period, left)) = caps.min_by_key(|(_, left)| *left)
            && money > left
        {
            return Decision::Budget(me, period, left);
        }
        let wait = |held: i128, cost: i128, rate: u64| {
            let nanos = (cost * PARTS - held + i128::from(rate) - 1) / i128::from(rate);
            Duration::from_nanos(u64::try_from(nanos).unwrap())
        };
        if let Some(rate) = self.limits.requests_per_minute
            && self.requests < PARTS
        {
            return Decision::Rate(me, RateKind::Requests, wait(self.requests, 1, rate));
        }
        let tokens = i128::from(tokens).min(self.capacity().1);
        if let Some(rate) = self.limits.tokens_per_minute
            && self.tokens < tokens * PARTS
        {
            return Decision::Rate(me, RateKind::Tokens, wait(self.tokens, tokens, rate));
        }
        Decision::Yes
    }

    fn charged(&self, tokens: u64) -> i128 {
        i128::from(tokens).min(self.capacity().1)
    }

    fn enter(&mut self, tokens: u64, money: i64) {
        self.requests -= PARTS;
        self.tokens -= self.charged(tokens) * PARTS;
        self.in_flight += 1;
        self.held += money;
    }

    fn leave(&mut self, held: &Held, used: u64, cost: i64, clock: u64) {
        self.fill(clock);
        self.tokens += (self.charged(held.tokens) - i128::from(used)) * PARTS;
        self.tokens = self.tokens.min(self.capacity().1 * PARTS);
        self.in_flight -= 1;
        self.held -= held.money;
        self.costs.push((held.admitted, cost));
    }
}

#[derive(Debug)]
struct Held {
    hold: Hold,
    tokens: u64,
    money: i64,
    admitted: u64,
}

/// A cap outweighs a rate, and the longest wait decides among rates.
fn judge(models: &[Model; 3], tokens: u64, money: i64, clock: u64) -> Decision {
    let mut verdict = Decision::Yes;
    for (me, model) in models.iter().enumerate() {
        let decision = model.judge(me, tokens, money, clock);
        let graver = match (&verdict, &decision) {
            (_, Decision::Yes) | (Decision::Budget(..), _) => false,
            (Decision::Rate(_, _, longest), Decision::Rate(_, _, wait)) => wait > longest,
            _ => true,
        };
        if graver {
            verdict = decision;
        }
    }
    verdict
}

fn decision_of(denied: &Denied) -> Decision {
    let index = |name: &str| NAMES.iter().position(|other| *other == name).unwrap();
    match denied {
        Denied::Rate {
            scope,
            kind,
            retry_after,
            ..
        } => Decision::Rate(index(&scope.name), *kind, *retry_after),
        Denied::Budget {
            scope, shortage, ..
        } => {
            let left = shortage.remaining.nanos();
            Decision::Budget(index(&scope.name), shortage.period, left)
        }
        other => panic!("{other:?}"),
    }
}

fn compare(store: &FakeStore, scopes: &[Rc<Scope>; 3], models: &[Model; 3], clock: u64) {
    for (scope, model) in scopes.iter().zip(models) {
        let mut record = record(store, scope);
        if let Some(bucket) = scope.requests() {
            bucket.refill(&mut record.requests, at(clock));
            assert_eq!(i128::from(record.requests.parts), model.requests);
        }
        if let Some(bucket) = scope.tokens() {
            bucket.refill(&mut record.tokens, at(clock));
            assert_eq!(i128::from(record.tokens.parts), model.tokens);
        }
        if scope.limits.max_concurrency.is_some() {
            assert_eq!(
                record.in_flight.total(),
                i64::try_from(model.in_flight).unwrap()
            );
        }
        if scope.limits.is_budgeted() {
            assert_eq!(record.books.held.total(), model.held);
        }
    }
}

proptest! {
    #[test]
    fn decisions_and_numbers_are_those_of_the_model(
        limits in [tight_limits(), tight_limits(), tight_limits()],
        operations in proptest::collection::vec(
            // Rarely as long as a day, so that days and the month end within a run.
            (prop_oneof![6 => 0..5 * SECOND, 1 => 0..3 * DAY], 0u64..60, 0i64..150, 0u8..3, 0usize..9),
            1..60,
        ),
    ) {
        let scopes = scopes(limits.each_ref());
        let mut models = limits.map(Model::new);
        let mut store = FakeStore::default();
        let (mut clock, mut held) = (0, Vec::<Held>::new());
        for (wait, tokens, money, kind, which) in operations {
            clock += wait;
            models.iter_mut().for_each(|model| model.fill(clock));
            if kind < 2 {
                let expected = judge(&models, tokens, money, clock);
                let got = place_hold(&mut Grants::default(), &mut store, &scopes, &ask(tokens, money), TERMS, at(clock));
                match got {
                    Ok(hold) => {
                        prop_assert_eq!(Decision::Yes, expected);
                        models.iter_mut().for_each(|model| model.enter(tokens, money));
                        held.push(Held { hold, tokens, money, admitted: clock });
                    }
                    Err(denied) => prop_assert_eq!(decision_of(&denied), expected),
                }
            } else if !held.is_empty() {
                let held = held.remove(which % held.len());
                models.iter_mut().for_each(|model| model.leave(&held, tokens, money, clock));
                let cost = Money::from_nanos(money);
                let _ = held.hold.settle(&mut Grants::default(), &mut store, tokens, cost, at(clock));
            }
            compare(&store, &scopes, &models, clock);
        }
    }
}
