//! What of a scope's limits this gateway may use.

use super::ask::Terms;
use super::record::ScopeRecord;
use super::scope::Scope;
use crate::bucket::Bucket;
use crate::gateway_share::{Capacity, RatePart};
use crate::timestamp::Timestamp;

/// A scope's limits as this gateway may use them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InForce {
    /// The bucket of requests, where they have a rate.
    pub(super) requests: Option<Bucket>,
    /// The bucket of tokens, where they have a rate.
    pub(super) tokens: Option<Bucket>,
    /// Requests in flight at most.
    pub(super) slots: Option<u64>,
    /// Where they come from.
    pub(super) basis: Basis,
}

/// Where the limits in force come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Basis {
    /// They are the scope's: nobody else uses them, or this gateway has all of them.
    #[default]
    Whole,
    /// They are this gateway's share.
    Part,
    /// This gateway has no share that is in force. The limits are the scope's, for who may use them all the
    /// same.
    Nothing,
}

impl InForce {
    /// What `scope` has, and the gateway may use of it at `now`.
    pub(super) fn of(scope: &Scope, record: &ScopeRecord, terms: Terms, now: Timestamp) -> InForce {
        let whole = InForce {
            requests: scope.requests(),
            tokens: scope.tokens(),
            slots: scope.limits.max_concurrency,
            basis: Basis::Whole,
        };
        let Some(sharing) = terms
            .sharing
            .filter(|_| whole.is_limited() && scope.owner == 0)
        else {
            return whole;
        };
        let holding = &record.holding;
        if !sharing.term.covers(holding.epoch, now) {
            return InForce {
                basis: Basis::Nothing,
                ..whole
            };
        }
        let limit = whole.capacity();
        let part = holding.part_of(limit);
        if part == limit {
            return whole;
        }
        let [requests, tokens] = part.rates;
        InForce {
            requests: whole.requests.map(|_| bucket(requests)),
            tokens: whole.tokens.map(|_| bucket(tokens)),
            slots: whole.slots.map(|_| part.slots),
            basis: Basis::Part,
        }
    }

    fn is_limited(&self) -> bool {
        self.requests.is_some() || self.tokens.is_some() || self.slots.is_some()
    }

    /// The same as amounts.
    fn capacity(&self) -> Capacity {
        Capacity {
            rates: [part(self.requests), part(self.tokens)],
            slots: self.slots.unwrap_or(0),
        }
    }
}

/// The limits of a scope as amounts.
pub(super) fn limit_of(scope: &Scope) -> Capacity {
    Capacity {
        rates: [part(scope.requests()), part(scope.tokens())],
        slots: scope.limits.max_concurrency.unwrap_or(0),
    }
}

fn part(bucket: Option<Bucket>) -> RatePart {
    bucket.map_or(RatePart::default(), |bucket| RatePart {
        rate: bucket.rate,
        capacity: bucket.capacity,
    })
}

fn bucket(part: RatePart) -> Bucket {
    Bucket {
        rate: part.rate,
        capacity: part.capacity,
    }
}
