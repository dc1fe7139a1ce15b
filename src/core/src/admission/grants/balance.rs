//! What goes between a worker's grant and the record of its scope.

use super::scope_grant::ScopeGrant;
use crate::admission::ask::{Budgeting, Terms};
use crate::admission::in_force::InForce;
use crate::admission::pools::{BucketPool, SlicePool, SlotPool};
use crate::admission::record::ScopeRecord;
use crate::admission::scope::Scope;
use crate::admission::throttle::Rates;
use crate::gateway_share::Basis;
use crate::grant::{Pool, Portion};
use crate::timestamp::Timestamp;
use std::rc::Rc;

/// How much to take of each resource; absent of those without a limit.
struct Sizes {
    requests: Option<i64>,
    tokens: Option<i64>,
    slots: Option<i64>,
    money: Option<i64>,
}

fn requests<'a>(record: &'a mut ScopeRecord, whole: &InForce) -> BucketPool<'a> {
    let [drawn, _] = &mut record.holding.drawn;
    BucketPool {
        bucket: whole.requests,
        state: &mut record.requests,
        lent: &mut record.lent_requests,
        drawn,
    }
}

fn tokens<'a>(record: &'a mut ScopeRecord, whole: &InForce) -> BucketPool<'a> {
    let [_, drawn] = &mut record.holding.drawn;
    BucketPool {
        bucket: whole.tokens,
        state: &mut record.tokens,
        lent: &mut record.lent_tokens,
        drawn,
    }
}

fn slots<'a>(record: &'a mut ScopeRecord, whole: &InForce) -> SlotPool<'a> {
    let most = whole.slots.unwrap_or(0);
    SlotPool {
        most: i64::try_from(most).unwrap_or(i64::MAX),
        in_flight: &mut record.in_flight,
    }
}

/// The size of a portion, if there is a limit. `Err` if there is too little to take any.
fn size(limited: bool, portion: &Portion, pool: &impl Pool, each: i64) -> Result<Option<i64>, ()> {
    match limited {
        false => Ok(None),
        true => portion.size(pool, each).map(Some).ok_or(()),
    }
}

impl ScopeGrant {
    /// Gives back to a refilled record all that is unused, and tells it what was spent.
    pub(super) fn give_back(
        &mut self,
        record: &mut ScopeRecord,
        scope: &Scope,
        terms: Terms,
        now: Timestamp,
    ) {
        let epochs = terms.epochs;
        let whole = InForce::of(scope, record, terms, now);
        if self.life != record.holding.life() {
            // What was left of another share is not ours.
            self.requests.forget();
            self.tokens.forget();
        }
        if let Some(membership) = self.membership.take() {
            record.recall.leave(membership);
        }
        self.requests
            .give_back(&mut requests(record, &whole), epochs, now);
        self.tokens
            .give_back(&mut tokens(record, &whole), epochs, now);
        self.slots
            .give_back(&mut slots(record, &whole), epochs, now);
        let slice = &mut record.slice;
        slice.roll(epochs, now);
        match self.lease == slice.lease {
            true => {
                let mut pool = SlicePool { slice, now };
                self.money.give_back(&mut pool, epochs, now);
            }
            // What was left of another lease is not ours, and the ledger alone books its costs.
            false => self.money.forget(),
        }
        self.epoch_ends_at = epochs.end_of(now);
        if scope.limits.requests_per_minute.is_none() {
            let [drawn, _] = &mut record.holding.drawn;
            *drawn = drawn.saturating_add(i64::from(self.admitted));
        }
        self.admitted = 0;
    }

    /// Takes parts of a record, after everything was [given back](Self::give_back). Nothing is
    /// taken where there is too little of one of them, or where nothing may be taken now.
    pub(super) fn take(
        &mut self,
        record: &mut ScopeRecord,
        scope: &Rc<Scope>,
        rates: &Rates,
        terms: Terms,
        now: Timestamp,
    ) {
        let is_awaited = now < record.awaited_until;
        let is_shared = scope.owner != 0 || record.owner.get() != 0;
        if rates.are_throttled() || is_awaited || is_shared || !record.recall.may_lend(now) {
            return;
        }
        // Without a service nobody else knows what a worker that is gone has spent.
        if scope.is_budgeted() && terms.budgeting == Budgeting::Books {
            return;
        }
        let whole = rates.whole;
        if whole.basis == Basis::Nothing {
            return;
        }
        self.ends_at = terms.epochs.end_of(now);
        if let Some(sharing) = terms.sharing {
            self.ends_at = self.ends_at.min(sharing.term.ends_at);
        }
        self.life = record.holding.life();
        if scope.is_budgeted() {
            self.lease = record.slice.lease;
            self.ends_at = self.ends_at.min(record.slice.ends_at());
        }
        let Ok(sizes) = self.sizes(record, scope, &whole, now) else {
            return;
        };
        self.scope = Rc::clone(scope);
        if let Some(units) = sizes.requests {
            let mut pool = requests(record, &whole);
            self.requests.take(&mut pool, units);
            self.left.requests = pool.available();
        }
        if let Some(units) = sizes.tokens {
            let mut pool = tokens(record, &whole);
            self.tokens.take(&mut pool, units);
            self.left.tokens = pool.available();
        }
        if let Some(units) = sizes.slots {
            self.slots.take(&mut slots(record, &whole), units);
        }
        if let Some(units) = sizes.money {
            let slice = &mut record.slice;
            self.money.take(&mut SlicePool { slice, now }, units);
        }
        self.membership = Some(record.recall.join());
    }

    fn sizes(
        &self,
        record: &mut ScopeRecord,
        scope: &Scope,
        whole: &InForce,
        now: Timestamp,
    ) -> Result<Sizes, ()> {
        let (limits, each) = (&scope.limits, &self.each);
        let rated = limits.requests_per_minute.is_some();
        let counted = limits.tokens_per_minute.is_some();
        let slotted = limits.max_concurrency.is_some();
        Ok(Sizes {
            requests: size(rated, &self.requests, &requests(record, whole), 1)?,
            tokens: size(counted, &self.tokens, &tokens(record, whole), each.tokens)?,
            slots: size(slotted, &self.slots, &slots(record, whole), 1)?,
            money: match scope.is_budgeted() {
                false => None,
                true => {
                    let slice = &mut record.slice;
                    size(true, &self.money, &SlicePool { slice, now }, each.money)?
                }
            },
        })
    }
}
