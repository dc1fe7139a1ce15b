//! What a request holds in all of its scopes at once, until it is settled.

use super::ask::{RateKind, Terms};
use super::debit::{self, ActualUse, Debit};
use super::grants::Grants;
use super::rate_view::RateView;
use super::record::ScopeRecord;
use super::scope::Scope;
use crate::budget::Shortage;
use crate::money::Money;
use crate::store::{SharedStore, update};
use crate::timestamp::Timestamp;
use crate::wire::Need;
use core::time::Duration;
use std::rc::Rc;

/// What a request holds in every scope until it is settled.
///
/// It must be settled by value, once. One that is lost with its VM drops out of every scope by
/// itself when the longest request is over (see [`crate::epoch_sum::EpochSum`]).
#[derive(Debug)]
#[must_use = "a hold is given back only by settling it"]
pub struct Hold {
    pub(super) debits: Vec<(Rc<Scope>, Debit)>,
    pub(super) admitted_at: Timestamp,
    pub(super) terms: Terms,
    pub(super) money: Money,
    pub(super) rates: RateView,
}

/// Why a request was not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// A rate of `scope` refuses for as long as `retry_after`.
    Rate {
        /// The scope that decided.
        scope: Rc<Scope>,
        /// The kind of rate.
        kind: RateKind,
        /// When the same request would pass, as far as this scope knows.
        retry_after: Duration,
        /// Whether the rate is one that throttling has reduced.
        throttled: bool,
        /// The rates of all scopes.
        rates: RateView,
    },
    /// A cap of `scope` cannot cover it.
    Budget {
        /// The scope that decided.
        scope: Rc<Scope>,
        /// The cap.
        shortage: Shortage,
        /// The rates of all scopes.
        rates: RateView,
    },
    /// Rates refuse, but other workers hold grants of them that they were asked to give back: try again
    /// when they have.
    Recalled {
        /// When they have given back what they do not use.
        until: Timestamp,
        /// What is refused if they had nothing.
        rate: Box<Denied>,
    },
    /// Slices are too small; ask the lender for these and try again.
    Lend(Vec<Need>),
    /// Other workers never let go of a record. Does not happen with fewer than thousands of them.
    Contended,
}

/// What became of a settled hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The leases that were debited, for the ledger.
    pub leases: Vec<i64>,
    /// Scopes that could not be written; their hold drops out by itself.
    pub contended: u32,
}

impl Hold {
    /// When it was admitted.
    pub fn admitted_at(&self) -> Timestamp {
        self.admitted_at
    }

    /// The highest plausible cost, as it was held.
    pub fn money(&self) -> Money {
        self.money
    }

    /// The rates right after the debit.
    pub fn rates(&self) -> &RateView {
        &self.rates
    }

    /// Puts back all of it, as if the request had never been.
    pub(crate) fn cancel<S: SharedStore>(self, grants: &mut Grants, store: &mut S, now: Timestamp) {
        give_back(grants, store, &self.debits, self.terms, now);
    }

    /// Replaces what was foreseen by the `tokens` used and their `cost`, in every scope.
    pub fn settle<S: SharedStore>(
        self,
        grants: &mut Grants,
        store: &mut S,
        tokens: u64,
        cost: Money,
        now: Timestamp,
    ) -> Settled {
        let mut settled = Settled::default();
        let used = ActualUse {
            tokens,
            cost,
            admitted_at: self.admitted_at,
        };
        for (scope, debit) in self
            .debits
            .iter()
            .filter(|(scope, debit)| debit.is_open(scope))
        {
            settled.leases.extend(debit.lease());
            let written = match debit.granted {
                true => grants.settle(store, scope, (debit, used), self.terms, now),
                false => update(store, &scope.record, |bytes| {
                    let mut record = ScopeRecord::decode(bytes);
                    debit::settle(&mut record, scope, debit, used, self.terms, now);
                    (Some(record.encode()), ())
                }),
            };
            settled.contended = settled
                .contended
                .saturating_add(u32::from(written.is_err()));
        }
        settled
    }
}

/// Puts back what was debited, as if the request had never been.
pub(super) fn give_back<S: SharedStore>(
    grants: &mut Grants,
    store: &mut S,
    debits: &[(Rc<Scope>, Debit)],
    terms: Terms,
    now: Timestamp,
) {
    for (scope, debit) in debits {
        if debit.granted {
            grants.undo(scope, debit);
            continue;
        }
        // Out of attempts: the rates refill and the hold drops out by themselves.
        let _ = update(store, &scope.record, |bytes| {
            let mut record = ScopeRecord::decode(bytes);
            debit::undo(&mut record, scope, debit, terms, now);
            (Some(record.encode()), ())
        });
    }
}
