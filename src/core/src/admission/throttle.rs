//! Rates that shrink while a budget runs low.
//!
//! A throttled scope's rates are split in two: a part (`factor`) that requests may use as always, and
//! the rest, which is the excess: refused, queued, or open to requests that were redirected to a
//! cheaper model. Both together are never more than the rate that was set.

use super::ask::{Budgeting, Terms};
use super::in_force::InForce;
use super::record::ScopeRecord;
use super::scope::Scope;
use crate::bucket::Bucket;
use crate::policy::{MAX_RATE, Settings, ThrottleFactor};
use crate::timestamp::Timestamp;

/// When and how far a scope is throttled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// From this percentage of its budget on; absent means never.
    pub at_percent: Option<u64>,
    /// What its rates are multiplied by.
    pub factor: ThrottleFactor,
    /// Until then whatever is spent.
    pub until: Option<Timestamp>,
}

impl Throttle {
    /// Until when it is throttled whatever is spent; absent where it is not.
    pub fn imposed_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| now < *until)
    }
}

impl From<&Settings> for Throttle {
    fn from(settings: &Settings) -> Throttle {
        Throttle {
            at_percent: settings.auto_throttle_at_percent,
            factor: settings.throttle_factor,
            until: None,
        }
    }
}

/// Which part of a throttled scope's rates a request draws on. Where nothing is throttled there is
/// only one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateTier {
    /// What is left to everybody.
    #[default]
    Regular,
    /// What throttling took away: for redirected requests.
    Excess,
    /// A bucket of its own, as large as that of requests: for requests that no provider charges, so
    /// that they do not take the rate of those that do work.
    Free,
}

/// The buckets of a scope as they are in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rates {
    pub(super) requests: Option<Bucket>,
    pub(super) tokens: Option<Bucket>,
    /// Both before they were throttled, and the slots.
    pub(super) whole: InForce,
    /// The scope's own requests and tokens a minute, throttled as it is: what callers are told.
    pub(super) limits: [u64; 2],
    /// More tokens are never asked for at once: the capacity of the scope's own bucket.
    pub(super) most_tokens: u64,
    /// The excess of both, while throttled.
    pub(super) excess: Option<Excess>,
}

/// What throttling takes away from each rate; a rate of 0 has nothing to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Excess {
    pub(super) requests: Option<Bucket>,
    pub(super) tokens: Option<Bucket>,
}

impl Rates {
    /// The rates of `scope`, given what its record says is spent.
    pub(super) fn in_force(
        scope: &Scope,
        record: &ScopeRecord,
        terms: Terms,
        now: Timestamp,
    ) -> Rates {
        let whole = InForce::of(scope, record, terms, now);
        let (requests, tokens) = (whole.requests, whole.tokens);
        let (own_requests, own_tokens) = (scope.requests(), scope.tokens());
        let most_tokens = own_tokens.map_or(0, |bucket| bucket.capacity);
        let rate = |bucket: Option<Bucket>| bucket.map_or(0, |bucket| bucket.rate);
        if !is_throttled(scope, record, terms, now) {
            return Rates {
                requests,
                tokens,
                whole,
                limits: [rate(own_requests), rate(own_tokens)],
                most_tokens,
                excess: None,
            };
        }
        let factor = scope.throttle.factor;
        let [(requests, more_requests), (tokens, more_tokens)] =
            [requests, tokens].map(|bucket| split(bucket, factor));
        Rates {
            requests,
            tokens,
            whole,
            limits: [own_requests, own_tokens].map(|own| factor.of(rate(own))),
            most_tokens,
            excess: Some(Excess {
                requests: more_requests,
                tokens: more_tokens,
            }),
        }
    }

    /// Whether the scope is throttled.
    pub(super) fn are_throttled(&self) -> bool {
        self.excess.is_some()
    }
}

fn split(bucket: Option<Bucket>, factor: ThrottleFactor) -> (Option<Bucket>, Option<Bucket>) {
    let Some(whole) = bucket else {
        return (None, None);
    };
    let part = Bucket {
        rate: factor.of(whole.rate),
        capacity: factor.of(whole.capacity),
    };
    let rest = Bucket {
        rate: whole.rate.saturating_sub(part.rate),
        capacity: whole.capacity.saturating_sub(part.capacity),
    };
    (Some(part), Some(rest))
}

/// Parts the buckets of a scope where it has just been throttled, and joins them where it no longer
/// is: nothing is gained or lost by either.
pub(super) fn part_or_join(
    record: &mut ScopeRecord,
    rates: &Rates,
    factor: ThrottleFactor,
    now: Timestamp,
) {
    let throttled = rates.are_throttled();
    if record.parted.is_set() == throttled {
        return;
    }
    record.parted = throttled.into();
    let tiers = [
        (
            rates.whole.requests,
            &mut record.requests,
            &mut record.excess_requests,
            record.lent_requests.total(),
        ),
        (
            rates.whole.tokens,
            &mut record.tokens,
            &mut record.excess_tokens,
            record.lent_tokens.total(),
        ),
    ];
    for (bucket, regular, excess, out) in tiers {
        let (Some(whole), (Some(part), Some(rest))) = (bucket, split(bucket, factor)) else {
            continue;
        };
        if throttled {
            whole.refill_beside(regular, out, now);
            let share = part.at_most(factor.of_signed(regular.parts));
            excess.parts = rest.at_most(regular.parts.saturating_sub(share));
            excess.at = regular.at;
            regular.parts = share;
        } else {
            part.refill_beside(regular, out, now);
            rest.refill(excess, now);
            whole.join(regular, excess, out);
        }
    }
}

/// Whether so much of the budget is spent that the scope is throttled.
fn is_throttled(scope: &Scope, record: &ScopeRecord, terms: Terms, now: Timestamp) -> bool {
    let throttle = &scope.throttle;
    if throttle.imposed_until(now).is_some() {
        return true;
    }
    let Some(threshold) = throttle.at_percent else {
        return false;
    };
    let used = match terms.budgeting {
        Budgeting::Leased => record.slice.used_percent(&scope.limits, now),
        Budgeting::Books => record.books.used_percent(&scope.limits, now),
    };
    used >= threshold.min(MAX_RATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_parts_are_never_more_than_the_whole(
            rate in 1u64..=MAX_RATE, capacity in 1u64..=MAX_RATE, thousandths in 1u64..=1_000,
        ) {
            let factor = ThrottleFactor::from_thousandths(thousandths).unwrap();
            let (part, rest) = split(Some(Bucket { rate, capacity }), factor);
            let (part, rest) = (part.unwrap(), rest.unwrap());
            prop_assert_eq!(part.rate + rest.rate, rate);
            prop_assert_eq!(part.capacity + rest.capacity, capacity);
            prop_assert!(part.rate >= 1 && part.capacity >= 1);
        }
    }
}
