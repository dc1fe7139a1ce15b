//! What of an upstream's limit this gateway may use.

use super::UpstreamLimit;
use super::record::UpstreamRecord;
use crate::admission::{Basis, Terms};
use crate::gateway_share::{Capacity, RatePart};
use crate::timestamp::Timestamp;

/// An upstream's limit as this gateway may use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InForce {
    pub(super) requests: Option<RatePart>,
    pub(super) tokens: Option<RatePart>,
    pub(super) basis: Basis,
}

impl InForce {
    /// All of it.
    pub(super) fn whole(limit: &UpstreamLimit) -> InForce {
        let part = |rate: Option<u64>| {
            rate.map(|rate| RatePart {
                rate,
                capacity: rate,
            })
        };
        InForce {
            requests: part(limit.requests_per_minute),
            tokens: part(limit.tokens_per_minute),
            basis: Basis::Whole,
        }
    }

    /// What the gateway that has this record may use of it at `now`.
    pub(super) fn of(
        limit: &UpstreamLimit,
        record: &UpstreamRecord,
        terms: Terms,
        now: Timestamp,
    ) -> InForce {
        let whole = InForce::whole(limit);
        let Some(sharing) = terms.sharing else {
            return whole;
        };
        let holding = &record.holding;
        if !sharing.term.covers(holding.epoch, now) {
            return InForce {
                basis: Basis::Nothing,
                ..whole
            };
        }
        let all = whole.capacity();
        let part = holding.part_of(all);
        if part == all {
            return whole;
        }
        let [requests, tokens] = part.rates;
        InForce {
            requests: whole.requests.map(|_| requests),
            tokens: whole.tokens.map(|_| tokens),
            basis: Basis::Part,
        }
    }

    /// The same as amounts.
    pub(super) fn capacity(&self) -> Capacity {
        Capacity {
            rates: [self.requests, self.tokens].map(Option::unwrap_or_default),
            slots: 0,
        }
    }
}
