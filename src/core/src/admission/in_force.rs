//! What of a scope's limits this gateway may use.

use super::ask::Terms;
use super::record::ScopeRecord;
use super::scope::Scope;
use crate::bucket::Bucket;
use crate::gateway_share::{Basis, Capacity};
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

impl InForce {
    /// What `scope` has, and the gateway may use of it at `now`.
    pub(super) fn of(scope: &Scope, record: &ScopeRecord, terms: Terms, now: Timestamp) -> InForce {
        let whole = InForce {
            requests: scope.requests(),
            tokens: scope.tokens(),
            slots: scope.limits.max_concurrency,
            basis: Basis::Whole,
        };
        // A reservation has money alone, and so have other scopes without a limit.
        let limit = whole.capacity();
        let Some(sharing) = terms.sharing.filter(|_| !limit.is_nothing()) else {
            return whole;
        };
        match record.holding.in_force(limit, sharing.term, now) {
            (Basis::Part, part) => {
                let [requests, tokens] = part.rates;
                InForce {
                    requests: whole.requests.map(|_| requests),
                    tokens: whole.tokens.map(|_| tokens),
                    slots: whole.slots.map(|_| part.slots),
                    basis: Basis::Part,
                }
            }
            (basis, _) => InForce { basis, ..whole },
        }
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            rates: [self.requests, self.tokens].map(Option::unwrap_or_default),
            slots: self.slots.unwrap_or(0),
        }
    }
}

/// The limits of a scope as amounts.
pub(super) fn limit_of(scope: &Scope) -> Capacity {
    Capacity {
        rates: [scope.requests(), scope.tokens()].map(Option::unwrap_or_default),
        slots: scope.limits.max_concurrency.unwrap_or(0),
    }
}
