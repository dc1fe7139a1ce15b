//! What callers are told of rates.

use super::record::ScopeRecord;
use super::throttle::Rates;
use crate::bucket::{Bucket, BucketView};

/// What callers are told of rates: that of the scope with the least left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateView {
    /// Of requests.
    pub requests: Option<BucketView>,
    /// Of tokens.
    pub tokens: Option<BucketView>,
    /// Whether throttling has reduced one of them.
    pub throttled: bool,
}

impl RateView {
    /// Adds a scope's record, which must have been refilled at these rates.
    pub(super) fn include(&mut self, rates: &Rates, record: &ScopeRecord) {
        let view = |bucket: Bucket, state, limit| BucketView {
            limit,
            ..bucket.view(state)
        };
        let [of_requests, of_tokens] = rates.limits;
        let requests = rates.requests;
        let requests = requests.map(|bucket| view(bucket, &record.requests, of_requests));
        let tokens = rates.tokens;
        let tokens = tokens.map(|bucket| view(bucket, &record.tokens, of_tokens));
        self.throttled |= rates.are_throttled();
        self.include_views([requests, tokens]);
    }

    /// Adds what is left of a scope's buckets of requests and of tokens.
    pub(super) fn include_views(&mut self, [requests, tokens]: [Option<BucketView>; 2]) {
        self.requests = tighter(self.requests, requests);
        self.tokens = tighter(self.tokens, tokens);
    }
}

fn tighter(a: Option<BucketView>, b: Option<BucketView>) -> Option<BucketView> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.remaining < a.remaining { b } else { a }),
        (a, b) => a.or(b),
    }
}
