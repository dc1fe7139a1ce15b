//! All scopes of one request at once.

use super::ask::{Ask, RateKind, Terms};
use super::debit::{self, ActualUse, Debit, ScopeDenial};
use super::rate_view::RateView;
use super::record::ScopeRecord;
use super::scope::Scope;
use crate::budget::Shortage;
use crate::money::Money;
use crate::store::{Conflict, MAX_ATTEMPTS, SharedStore, Version, update};
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
    debits: Vec<(Rc<Scope>, Debit)>,
    admitted_at: Timestamp,
    terms: Terms,
    money: Money,
    rates: RateView,
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

/// Debits every scope, or none.
///
/// All records are read and judged before the first is written, so a refusal leaves no trace and
/// concurrent requests never see a debit that is taken back for it. Only where another worker
/// changes a record in between is one judged again, and what was written before given back if it
/// then refuses.
///
/// # Errors
/// [`Denied`]; then nothing is debited.
pub fn place_hold<S: SharedStore>(
    store: &mut S,
    scopes: &[Rc<Scope>],
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<Hold, Denied> {
    let mut rates = RateView::default();
    let mut judged = Vec::with_capacity(scopes.len());
    let mut denials = Vec::new();
    for scope in scopes.iter().filter(|scope| scope.is_limited()) {
        let (mut record, version) = read(store, scope);
        match debit::debit(&mut record, scope, ask, terms, now) {
            Ok((debit, in_force)) => {
                rates.include(&in_force, &record);
                judged.push((scope, record, version, debit));
            }
            Err(denial) => {
                let (mut record, _) = read(store, scope);
                let in_force = debit::refill(&mut record, scope, terms, now);
                rates.include(&in_force, &record);
                denials.push((scope, denial));
            }
        }
    }
    if !denials.is_empty() {
        return Err(gravest(denials, rates));
    }
    let mut debits = Vec::with_capacity(judged.len());
    for (scope, record, version, debit) in judged {
        let debit = match store.put(&scope.record, &record.encode(), version) {
            Ok(()) => Ok(debit),
            Err(Conflict) => debit_alone(store, scope, ask, terms, now),
        };
        match debit {
            Ok(debit) => debits.push((Rc::clone(scope), debit)),
            Err(denial) => {
                give_back(store, &debits, terms, now);
                return Err(match denial {
                    Some(denial) => gravest(vec![(scope, denial)], rates),
                    None => Denied::Contended,
                });
            }
        }
    }
    Ok(Hold {
        debits,
        admitted_at: now,
        terms,
        money: ask.money,
        rates,
    })
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
    pub(crate) fn cancel<S: SharedStore>(self, store: &mut S, now: Timestamp) {
        give_back(store, &self.debits, self.terms, now);
    }

    /// Replaces what was foreseen by the `tokens` used and their `cost`, in every scope.
    pub fn settle<S: SharedStore>(
        self,
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
            let written = update(store, &scope.record, |bytes| {
                let mut record = ScopeRecord::decode(bytes);
                debit::settle(&mut record, scope, debit, used, self.terms, now);
                (Some(record.encode()), ())
            });
            settled.contended = settled
                .contended
                .saturating_add(u32::from(written.is_err()));
        }
        settled
    }
}

fn read<S: SharedStore>(store: &S, scope: &Scope) -> (ScopeRecord, Option<Version>) {
    match store.get(&scope.record) {
        Some((bytes, version)) => (ScopeRecord::decode(&bytes), Some(version)),
        None => (ScopeRecord::default(), None),
    }
}

/// Debits one scope however often others change it. `None` where they never let go.
fn debit_alone<S: SharedStore>(
    store: &mut S,
    scope: &Scope,
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<Debit, Option<ScopeDenial>> {
    for _ in 0..MAX_ATTEMPTS {
        let (mut record, version) = read(store, scope);
        let (debit, _) = debit::debit(&mut record, scope, ask, terms, now).map_err(Some)?;
        if store.put(&scope.record, &record.encode(), version).is_ok() {
            return Ok(debit);
        }
    }
    Err(None)
}

fn give_back<S: SharedStore>(
    store: &mut S,
    debits: &[(Rc<Scope>, Debit)],
    terms: Terms,
    now: Timestamp,
) {
    for (scope, debit) in debits {
        // Out of attempts: the rates refill and the hold drops out by themselves.
        let _ = update(store, &scope.record, |bytes| {
            let mut record = ScopeRecord::decode(bytes);
            debit::undo(&mut record, scope, debit, terms, now);
            (Some(record.encode()), ())
        });
    }
}

/// A cap that is spent outweighs a rate (waiting does not cure it), a rate outweighs a slice that
/// is merely too small (no need to borrow for a request that is refused), the longest wait decides
/// among rates, and all needs are asked for together.
fn gravest(denials: Vec<(&Rc<Scope>, ScopeDenial)>, rates: RateView) -> Denied {
    let mut needs = Vec::new();
    let mut slowest: Option<(Rc<Scope>, RateKind, Duration, bool)> = None;
    for (scope, denial) in denials {
        let scope = Rc::clone(scope);
        match denial {
            ScopeDenial::Budget(shortage) => {
                return Denied::Budget {
                    scope,
                    shortage,
                    rates,
                };
            }
            ScopeDenial::Lend(need) => needs.push(need),
            ScopeDenial::Rate {
                kind,
                wait,
                throttled,
            } => {
                if slowest
                    .as_ref()
                    .is_none_or(|(_, _, longest, _)| wait > *longest)
                {
                    slowest = Some((scope, kind, wait, throttled));
                }
            }
        }
    }
    match slowest {
        Some((scope, kind, retry_after, throttled)) => Denied::Rate {
            scope,
            kind,
            retry_after,
            throttled,
            rates,
        },
        None => Denied::Lend(needs),
    }
}

/// The rates of all scopes, without taking anything.
pub fn view<S: SharedStore>(
    store: &S,
    scopes: &[Rc<Scope>],
    terms: Terms,
    now: Timestamp,
) -> RateView {
    let mut rates = RateView::default();
    for scope in scopes.iter().filter(|scope| scope.is_limited()) {
        let (mut record, _) = read(store, scope);
        let in_force = debit::refill(&mut record, scope, terms, now);
        rates.include(&in_force, &record);
    }
    rates
}
