//! An organization, namespace, key or end user, as admission sees it.

use super::throttle::Throttle;
use crate::bucket::Bucket;
use crate::policy::{Limits, MAX_RATE};

/// An organization, namespace, key or end user, as admission sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `key:ID`, `namespace:NAME`, `organization:NAME`: what refusals and the lender call it.
    pub name: String,
    /// The key of its record in shared data.
    pub record: String,
    /// Its own limits.
    pub limits: Limits,
    /// Whether a prepaid balance is a cap of its own, which only the lender knows.
    pub prepaid: bool,
    /// When its rates are reduced.
    pub throttle: Throttle,
    /// Whether its budget pays. Where something else does (a reservation), its rates and its
    /// concurrency are debited all the same, and its money is not touched.
    pub pays: bool,
    /// Whose its record must be: 0 but for reservations, which share a number of records.
    pub owner: u128,
    /// Whether a limit that is not enforced was left out: these are not the limits that gateways share.
    pub is_softened: bool,
}

impl Scope {
    /// The scope called `name`.
    pub fn new(name: String, limits: Limits) -> Self {
        Scope {
            record: format!("scope/{name}"),
            name,
            limits,
            prepaid: false,
            throttle: Throttle::default(),
            pays: true,
            owner: 0,
            is_softened: false,
        }
    }

    /// The same scope for a request that something else pays for.
    pub fn unpaid(&self) -> Self {
        Scope {
            pays: false,
            ..self.clone()
        }
    }

    /// Whether money is debited in it.
    pub fn is_budgeted(&self) -> bool {
        self.pays && (self.prepaid || self.limits.is_budgeted())
    }

    /// The same, with a prepaid balance or without one.
    pub fn prepaid(self, prepaid: bool) -> Self {
        Scope { prepaid, ..self }
    }

    /// The same, throttled as `throttle` says.
    pub fn throttled(self, throttle: Throttle) -> Self {
        Scope { throttle, ..self }
    }

    /// The request bucket, where requests have a rate.
    pub fn requests(&self) -> Option<Bucket> {
        let rate = self.limits.requests_per_minute?.min(MAX_RATE);
        Some(Bucket {
            rate,
            capacity: self.limits.burst.unwrap_or(rate).min(MAX_RATE),
        })
    }

    /// The token bucket, where tokens have a rate.
    pub fn tokens(&self) -> Option<Bucket> {
        let rate = self.limits.tokens_per_minute?.min(MAX_RATE);
        Some(Bucket {
            rate,
            capacity: rate,
        })
    }

    /// Whether anything at all is limited. Where not, a request does not touch its record. (A burst
    /// without a rate is no limit.)
    pub fn is_limited(&self) -> bool {
        let limits = &self.limits;
        self.is_budgeted()
            || limits.requests_per_minute.is_some()
            || limits.tokens_per_minute.is_some()
            || limits.max_concurrency.is_some()
    }
}
