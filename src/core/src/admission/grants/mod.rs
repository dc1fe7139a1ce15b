//! What one worker holds of its hot scopes, so that it decides their requests in its own memory.
//!
//! A scope that many requests of this worker are admitted in gets a grant: parts of its buckets, its
//! slots and its money, taken from its record in one write. Requests that it covers are admitted and
//! settled without the record. Every tick what is unused goes back, and what was used lately is taken
//! anew, in one write. Near a limit, while throttled, while a request waits for money and while others
//! ask for it, nothing is taken: then all workers use the record.

mod balance;
mod scope_grant;

pub(super) use scope_grant::ScopeGrant;

use super::ask::{Ask, Terms};
use super::debit::{self, ActualUse, Debit};
use super::rate_view::RateView;
use super::record::ScopeRecord;
use super::scope::Scope;
use super::throttle::{RateTier, Rates};
use crate::grant::Heat;
use crate::store::{Conflict, SharedStore, update};
use crate::timestamp::Timestamp;
use core::time::Duration;
use hashbrown::HashMap;
use std::rc::Rc;

/// How often grants are balanced, but for those that run out. A little less than a worker's tick.
const PERIOD: Duration = Duration::from_millis(90);

/// The grants of one worker, by the keys of the scopes' records.
#[derive(Debug, Default)]
pub struct Grants {
    grants: HashMap<String, ScopeGrant>,
    heat: Heat,
    balanced_at: Timestamp,
    /// Whether this worker ends: then it takes nothing any more.
    ending: bool,
}

impl Grants {
    /// Gives back what is unused of all grants, and takes anew what was used lately. To be called every
    /// tick; ticks that follow another at once do nothing.
    pub fn tick<S: SharedStore>(&mut self, store: &mut S, terms: Terms, now: Timestamp) {
        let is_early = self.balanced_at <= now && now.since(self.balanced_at) < PERIOD;
        if self.grants.is_empty() || is_early {
            return;
        }
        self.balanced_at = now;
        self.balance(store, terms, now);
    }

    /// Grants of every scope that is used.
    #[cfg(test)]
    pub(crate) fn eager() -> Grants {
        Grants {
            heat: Heat::high(),
            ..Grants::default()
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// Gives back all that is unused, for good: the worker has its last requests.
    pub fn end<S: SharedStore>(&mut self, store: &mut S, terms: Terms, now: Timestamp) {
        self.ending = true;
        self.balance(store, terms, now);
    }

    fn balance<S: SharedStore>(&mut self, store: &mut S, terms: Terms, now: Timestamp) {
        let ending = self.ending;
        self.grants.retain(|key, grant| {
            if !grant.is_due(now) {
                return true;
            }
            let keeps = grant.is_busy() && !ending;
            let balanced = update(store, key, |bytes| {
                let (mut record, mut next) = (ScopeRecord::decode(bytes), grant.clone());
                let scope = Rc::clone(grant.scope());
                let rates = debit::refill(&mut record, &scope, terms, now);
                next.give_back(&mut record, &scope, terms, now);
                if keeps {
                    next.take(&mut record, &scope, &rates, terms, now);
                }
                (Some(record.encode()), next)
            });
            // Out of attempts: it is as before, and balanced at the next tick.
            if let Ok(next) = balanced {
                *grant = next;
            }
            !grant.is_over()
        });
    }

    /// Whether a grant covers a request.
    pub(super) fn covers(&self, scope: &Scope, ask: &Ask, now: Timestamp) -> bool {
        let grant = self.grants.get(&scope.record);
        grant.is_some_and(|grant| grant.covers(scope, ask, now))
    }

    /// Takes a request from a grant that covers it, and adds what is left of its rates.
    pub(super) fn debit(
        &mut self,
        scope: &Scope,
        ask: &Ask,
        terms: Terms,
        now: Timestamp,
        rates: &mut RateView,
    ) -> Option<Debit> {
        let grant = self.grants.get_mut(&scope.record)?;
        if !grant.covers(scope, ask, now) {
            return None;
        }
        let debit = grant.debit(scope, ask, terms, now);
        rates.include_views(grant.view());
        Some(debit)
    }

    /// What a request is judged by that no grant covers: the record with this worker's grant given
    /// back to it.
    pub(super) fn given_back(
        &self,
        record: &mut ScopeRecord,
        scope: &Scope,
        terms: Terms,
        now: Timestamp,
    ) -> Option<Box<ScopeGrant>> {
        let mut grant = Box::new(self.grants.get(&scope.record)?.clone());
        debit::refill(record, scope, terms, now);
        grant.give_back(record, scope, terms, now);
        Some(grant)
    }

    /// Takes a grant of what a record has left after a debit, if the scope is hot. The record is not
    /// written yet.
    pub(super) fn taken(
        &mut self,
        given_back: Option<Box<ScopeGrant>>,
        record: &mut ScopeRecord,
        scope: &Rc<Scope>,
        (ask, rates): (&Ask, &Rates),
        terms: Terms,
        now: Timestamp,
    ) -> Option<Box<ScopeGrant>> {
        if ask.tier != RateTier::Regular || !self.heat.count(&scope.record, now) || self.ending {
            return given_back;
        }
        let mut grant = match given_back {
            Some(grant) => grant,
            None => Box::new(ScopeGrant::new(scope)),
        };
        grant.foresee(scope, ask);
        grant.take(record, scope, rates, terms, now);
        Some(grant)
    }

    /// The record was written: this is what the worker has of it now.
    pub(super) fn replace(&mut self, scope: &Scope, grant: ScopeGrant) {
        if grant.is_over() {
            self.grants.remove(&scope.record);
        } else if let Some(present) = self.grants.get_mut(&scope.record) {
            *present = grant;
        } else {
            self.grants.insert(scope.record.clone(), grant);
        }
    }

    /// Puts back what a debit took from a grant, as if the request had never been.
    pub(super) fn undo(&mut self, scope: &Scope, debit: &Debit) {
        if let Some(grant) = self.grants.get_mut(&scope.record) {
            grant.undo(debit);
        }
    }

    /// Replaces what was foreseen by what was used. Where nothing may be held back any more, the record
    /// is told at once.
    pub(super) fn settle<S: SharedStore>(
        &mut self,
        store: &mut S,
        scope: &Scope,
        (debit, used): (&Debit, ActualUse),
        terms: Terms,
        now: Timestamp,
    ) -> Result<(), Conflict> {
        let Some(grant) = self.grants.get_mut(&scope.record) else {
            return book(store, scope, &debit.emptied(), used, terms, now);
        };
        grant.settle(debit, used);
        if grant.may_hold_back() {
            return Ok(());
        }
        let next = update(store, &scope.record, |bytes| {
            let (mut record, mut next) = (ScopeRecord::decode(bytes), grant.clone());
            debit::refill(&mut record, scope, terms, now);
            next.give_back(&mut record, scope, terms, now);
            (Some(record.encode()), next)
        })?;
        self.replace(scope, next);
        Ok(())
    }
}

/// Tells a record of a use that no grant accounts for.
fn book<S: SharedStore>(
    store: &mut S,
    scope: &Scope,
    debit: &Debit,
    used: ActualUse,
    terms: Terms,
    now: Timestamp,
) -> Result<(), Conflict> {
    update(store, &scope.record, |bytes| {
        let mut record = ScopeRecord::decode(bytes);
        debit::settle(&mut record, scope, debit, used, terms, now);
        (Some(record.encode()), ())
    })
}
