//! What of an upstream's limit this gateway may use.

use super::UpstreamLimit;
use super::record::UpstreamRecord;
use crate::admission::Terms;
use crate::bucket::Bucket;
use crate::gateway_share::{Basis, Capacity};
use crate::timestamp::Timestamp;

/// An upstream's limit as this gateway may use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InForce {
    pub(super) requests: Option<Bucket>,
    pub(super) tokens: Option<Bucket>,
    pub(super) basis: Basis,
}

impl InForce {
    /// All of it.
    pub(super) fn whole(limit: &UpstreamLimit) -> InForce {
        let bucket = |rate: Option<u64>| {
            rate.map(|rate| Bucket {
                rate,
                capacity: rate,
            })
        };
        InForce {
            requests: bucket(limit.requests_per_minute),
            tokens: bucket(limit.tokens_per_minute),
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
        let shared = record.holding.in_force(whole.capacity(), sharing.term, now);
        match shared {
            (Basis::Part, part) => {
                let [requests, tokens] = part.rates;
                InForce {
                    requests: whole.requests.map(|_| requests),
                    tokens: whole.tokens.map(|_| tokens),
                    basis: Basis::Part,
                }
            }
            (basis, _) => InForce { basis, ..whole },
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
