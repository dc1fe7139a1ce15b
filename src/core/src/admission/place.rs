//! Debiting all scopes of one request, or none.

use super::ask::{Ask, RateKind, Terms};
use super::debit::{self, Debit, ScopeDenial};
use super::grants::{Grants, ScopeGrant};
use super::hold::{Denied, Hold, give_back};
use super::rate_view::RateView;
use super::record::ScopeRecord;
use super::scope::Scope;
use super::throttle::Rates;
use crate::store::{Conflict, MAX_ATTEMPTS, SharedStore, Version, update};
use crate::timestamp::Timestamp;
use core::time::Duration;
use std::rc::Rc;

/// A scope that admits a request: its record, debited in memory.
struct Judged {
    record: ScopeRecord,
    version: Option<Version>,
    debit: Debit,
    rates: Rates,
    /// This worker's grant, given back to the record in memory.
    given_back: Option<Box<ScopeGrant>>,
}

/// A scope that does not.
struct Denial<'a> {
    scope: &'a Rc<Scope>,
    why: ScopeDenial,
    /// Whether other workers have grants of it.
    is_lent: bool,
}

/// Debits every scope, or none. A scope that a grant of this worker covers is debited in it, and its
/// record is neither read nor written.
///
/// All records are read and judged before the first is written, so a refusal leaves no trace and
/// concurrent requests never see a debit that is taken back for it. Only where another worker
/// changes a record in between is one judged again, and what was written before given back if it
/// then refuses.
///
/// # Errors
/// [`Denied`]; then nothing is debited.
pub fn place_hold<S: SharedStore>(
    grants: &mut Grants,
    store: &mut S,
    scopes: &[Rc<Scope>],
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<Hold, Denied> {
    let mut rates = RateView::default();
    let mut debits = Vec::with_capacity(scopes.len());
    let (mut judged, mut denials) = (Vec::new(), Vec::new());
    for scope in scopes.iter().filter(|scope| scope.is_limited()) {
        if let Some(debit) = grants.debit(scope, ask, terms, now, &mut rates) {
            debits.push((Rc::clone(scope), debit));
            continue;
        }
        match judge(grants, store, scope, ask, terms, now) {
            Ok(one) => {
                rates.include(&one.rates, &one.record);
                judged.push((scope, one));
            }
            Err(denial) => {
                include(grants, store, scope, terms, now, &mut rates);
                denials.push(denial);
            }
        }
    }
    if !denials.is_empty() {
        give_back(grants, store, &debits, terms, now);
        return Err(deny(store, denials, rates, now));
    }
    for (scope, one) in judged {
        match debit_in_turn(grants, store, scope, one, ask, terms, now) {
            Ok(debit) => debits.push((Rc::clone(scope), debit)),
            Err(denial) => {
                give_back(grants, store, &debits, terms, now);
                return Err(match denial {
                    Some(denial) => deny(store, vec![denial], rates, now),
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

/// Whether a request would be admitted, without debiting anything. One that would have to wait for
/// grants of other workers would be.
///
/// # Errors
/// [`Denied`].
pub fn would_admit<S: SharedStore>(
    grants: &Grants,
    store: &S,
    scopes: &[Rc<Scope>],
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<(), Denied> {
    let mut rates = RateView::default();
    let mut denials = Vec::new();
    for scope in scopes.iter().filter(|scope| scope.is_limited()) {
        if !grants.covers(scope, ask, now) {
            denials.extend(judge(grants, store, scope, ask, terms, now).err());
        }
        include(grants, store, scope, terms, now, &mut rates);
    }
    match denials.is_empty() || may_be_recalled(&denials) {
        true => Ok(()),
        false => Err(gravest(denials, rates)),
    }
}

/// The rates of all scopes, without taking anything.
pub fn view<S: SharedStore>(
    grants: &Grants,
    store: &S,
    scopes: &[Rc<Scope>],
    terms: Terms,
    now: Timestamp,
) -> RateView {
    let mut rates = RateView::default();
    for scope in scopes.iter().filter(|scope| scope.is_limited()) {
        include(grants, store, scope, terms, now, &mut rates);
    }
    rates
}

/// Adds the rates of a scope as its record has them, this worker's grant given back to it.
fn include<S: SharedStore>(
    grants: &Grants,
    store: &S,
    scope: &Scope,
    terms: Terms,
    now: Timestamp,
    rates: &mut RateView,
) {
    let (mut record, _) = read(store, scope);
    let in_force = debit::refill(&mut record, scope, terms, now);
    grants.given_back(&mut record, scope, terms, now);
    rates.include(&in_force, &record);
}

fn read<S: SharedStore>(store: &S, scope: &Scope) -> (ScopeRecord, Option<Version>) {
    match store.get(&scope.record) {
        Some((bytes, version)) => (ScopeRecord::decode(&bytes), Some(version)),
        None => (ScopeRecord::default(), None),
    }
}

/// Debits a record in memory, as if this worker had no grant of it.
fn judge<'a, S: SharedStore>(
    grants: &Grants,
    store: &S,
    scope: &'a Rc<Scope>,
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<Judged, Denial<'a>> {
    let (mut record, version) = read(store, scope);
    let given_back = grants.given_back(&mut record, scope, terms, now);
    match debit::debit(&mut record, scope, ask, terms, now) {
        Ok((debit, rates)) => Ok(Judged {
            record,
            version,
            debit,
            rates,
            given_back,
        }),
        Err(why) => Err(Denial {
            scope,
            why,
            is_lent: record.recall.has_borrowers(),
        }),
    }
}

/// Writes a debit that was judged, and judges it anew as often as others change the record. `None`
/// where they never let go.
fn debit_in_turn<'a, S: SharedStore>(
    grants: &mut Grants,
    store: &mut S,
    scope: &'a Rc<Scope>,
    mut judged: Judged,
    ask: &Ask,
    terms: Terms,
    now: Timestamp,
) -> Result<Debit, Option<Denial<'a>>> {
    for _ in 0..MAX_ATTEMPTS {
        let Judged {
            mut record,
            version,
            debit,
            rates,
            given_back,
        } = judged;
        let of = (ask, &rates);
        let grant = grants.taken(given_back, &mut record, scope, of, terms, now);
        match store.put(&scope.record, &record.encode(), version) {
            Ok(()) => {
                if let Some(grant) = grant {
                    grants.replace(scope, *grant);
                }
                return Ok(debit);
            }
            Err(Conflict) => {
                judged = judge(grants, store, scope, ask, terms, now).map_err(Some)?;
            }
        }
    }
    Err(None)
}

/// What becomes of a request that scopes deny. One that rates alone deny which other workers have
/// grants of asks those to give them back.
fn deny<S: SharedStore>(
    store: &mut S,
    denials: Vec<Denial<'_>>,
    rates: RateView,
    now: Timestamp,
) -> Denied {
    let mut until = may_be_recalled(&denials).then_some(now);
    let of_rates = denials
        .iter()
        .filter(|denial| matches!(denial.why, ScopeDenial::Rate { .. }));
    for denial in of_rates {
        let Some(others) = until else { break };
        let answered_at = update(store, &denial.scope.record, |bytes| {
            let before = ScopeRecord::decode(bytes);
            let mut record = before;
            let until = record.recall.ask(now);
            ((record != before).then(|| record.encode()), until)
        });
        let answered_at = answered_at.ok().flatten();
        until = answered_at.map(|at| others.max(at));
    }
    let denied = gravest(denials, rates);
    match (until, &denied) {
        (Some(until), Denied::Rate { .. }) => Denied::Recalled {
            until,
            rate: Box::new(denied),
        },
        _ => denied,
    }
}

/// Whether nothing denies but rates that other workers have grants of, and money that can be borrowed.
fn may_be_recalled(denials: &[Denial<'_>]) -> bool {
    denials.iter().all(|denial| match denial.why {
        ScopeDenial::Rate { .. } => denial.is_lent,
        ScopeDenial::Lend(_) => true,
        ScopeDenial::Budget(_) => false,
    })
}

/// A cap that is spent outweighs a rate (waiting does not cure it), a rate outweighs a slice that
/// is merely too small (no need to borrow for a request that is refused), the longest wait decides
/// among rates, and all needs are asked for together.
fn gravest(denials: Vec<Denial<'_>>, rates: RateView) -> Denied {
    let mut needs = Vec::new();
    let mut slowest: Option<(Rc<Scope>, RateKind, Duration, bool)> = None;
    for Denial { scope, why, .. } in denials {
        let scope = Rc::clone(scope);
        match why {
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
