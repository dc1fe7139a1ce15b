//! What one worker holds of one scope.

use crate::admission::ask::{Ask, Terms};
use crate::admission::debit::{ActualUse, Debit, MoneyHold};
use crate::admission::scope::Scope;
use crate::admission::throttle::RateTier;
use crate::bucket::{Bucket, BucketView};
use crate::grant::{Membership, Portion};
use crate::timestamp::Timestamp;
use std::rc::Rc;

/// Requests since the last balance below which a grant is not worth its cost.
const BUSY: u32 = 2;

/// What one worker holds of one scope: parts of what it may use, and what its requests hold.
#[derive(Clone, Debug)]
pub(in crate::admission) struct ScopeGrant {
    /// The scope with the limits under which it was taken.
    pub(super) scope: Rc<Scope>,
    pub(super) requests: Portion,
    pub(super) tokens: Portion,
    pub(super) slots: Portion,
    pub(super) money: Portion,
    /// The lease that its money is of.
    pub(super) lease: i64,
    /// The share that its requests and tokens are of.
    pub(super) life: (u64, u64),
    /// That the record knows of it; absent while there is nothing to be used.
    pub(super) membership: Option<Membership>,
    /// From then on nothing of it may be used.
    pub(super) ends_at: Timestamp,
    /// When the record must be told that its requests are still in flight.
    pub(super) epoch_ends_at: Timestamp,
    /// What a request asks for, as of the last one.
    pub(super) each: Each,
    /// Requests it admitted since the last balance.
    pub(super) admitted: u32,
    /// What the record's buckets had left then.
    pub(super) left: Each,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Each {
    pub(super) requests: i64,
    pub(super) tokens: i64,
    pub(super) money: i64,
}

fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// Like any bucket, it is asked for no more than it ever holds.
fn tokens_of(bucket: Bucket, ask: &Ask) -> u64 {
    ask.tokens.min(bucket.capacity)
}

impl ScopeGrant {
    pub(super) fn new(scope: &Rc<Scope>) -> ScopeGrant {
        ScopeGrant {
            scope: Rc::clone(scope),
            requests: Portion::default(),
            tokens: Portion::default(),
            slots: Portion::default(),
            money: Portion::default(),
            lease: 0,
            life: (0, 0),
            membership: None,
            ends_at: Timestamp::EPOCH,
            epoch_ends_at: Timestamp::EPOCH,
            each: Each::default(),
            admitted: 0,
            left: Each::default(),
        }
    }

    pub(super) fn scope(&self) -> &Rc<Scope> {
        &self.scope
    }

    /// Whether what it covers was used lately.
    pub(super) fn is_busy(&self) -> bool {
        self.admitted >= BUSY
    }

    /// Whether the record must be told something.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.membership.is_some() || now >= self.epoch_ends_at || !self.holds()
    }

    /// Whether it may keep to itself what was settled: not while there is nothing to be used, because
    /// then everybody needs the record to be true.
    pub(super) fn may_hold_back(&self) -> bool {
        self.membership.is_some()
    }

    /// Whether there is nothing in it.
    pub(super) fn is_over(&self) -> bool {
        self.membership.is_none() && !self.holds()
    }

    fn holds(&self) -> bool {
        self.slots.held() != 0 || self.money.held() != 0
    }

    /// What a request will likely ask for.
    pub(super) fn foresee(&mut self, scope: &Scope, ask: &Ask) {
        self.each = Each {
            requests: 1,
            tokens: scope
                .tokens()
                .map_or(0, |bucket| signed(tokens_of(bucket, ask))),
            money: ask.money.nanos(),
        };
    }

    /// Whether a request can be debited.
    pub(super) fn covers(&self, scope: &Scope, ask: &Ask, now: Timestamp) -> bool {
        let limits = &scope.limits;
        self.membership.is_some()
            && now < self.ends_at
            && ask.tier == RateTier::Regular
            && self.is_under(scope)
            && (limits.requests_per_minute.is_none() || self.requests.covers(1))
            && scope
                .tokens()
                .is_none_or(|bucket| self.tokens.covers(signed(tokens_of(bucket, ask))))
            && (limits.max_concurrency.is_none() || self.slots.covers(1))
            && (!scope.is_budgeted() || self.money.covers(ask.money.nanos()))
    }

    /// Whether it was taken under these limits.
    fn is_under(&self, scope: &Scope) -> bool {
        let own = &*self.scope;
        core::ptr::eq(own, scope)
            || (own.limits == scope.limits
                && own.throttle == scope.throttle
                && own.prepaid == scope.prepaid)
    }

    /// Takes a request that is covered.
    pub(super) fn debit(
        &mut self,
        scope: &Scope,
        ask: &Ask,
        terms: Terms,
        now: Timestamp,
    ) -> Debit {
        self.admitted = self.admitted.saturating_add(1);
        if scope.limits.requests_per_minute.is_some() {
            self.requests.spend(1);
        }
        let tokens = scope.tokens().map_or(0, |bucket| tokens_of(bucket, ask));
        if tokens > 0 {
            self.tokens.spend(signed(tokens));
        }
        let limited = scope.limits.max_concurrency.is_some();
        let in_flight = limited.then(|| self.slots.hold(1, terms.epochs, now));
        let money = scope.is_budgeted().then(|| {
            let entry = self.money.hold(ask.money.nanos(), terms.epochs, now);
            let lease = self.lease;
            MoneyHold::Slice { lease, entry }
        });
        Debit {
            tokens,
            tier: RateTier::Regular,
            in_flight,
            money,
            granted: true,
        }
    }

    /// Puts back what a debit took.
    pub(super) fn undo(&mut self, debit: &Debit) {
        self.requests.correct(1);
        self.tokens.correct(signed(debit.tokens));
        if let Some(entry) = debit.in_flight {
            self.slots.release(entry, 0);
        }
        if let Some(MoneyHold::Slice { entry, .. }) = debit.money {
            self.money.release(entry, 0);
        }
    }

    /// Replaces what was foreseen by what was used.
    pub(super) fn settle(&mut self, debit: &Debit, used: ActualUse) {
        if let Some(entry) = debit.in_flight {
            self.slots.release(entry, 0);
        }
        if self.scope.tokens().is_some() {
            self.tokens.correct(used.unused_of(debit));
        }
        if let Some(MoneyHold::Slice { lease, entry }) = debit.money
            && lease == self.lease
        {
            self.money.release(entry, used.cost.nanos());
        }
    }

    /// What callers are told: what the record had left, and what is left of this grant. Other workers'
    /// grants are left out, and so is what came in since the last balance.
    pub(super) fn view(&self) -> [Option<BucketView>; 2] {
        let view = |bucket: Option<Bucket>, left: i64, portion: &Portion| {
            bucket.map(|bucket| bucket.view_of(left.saturating_add(portion.free())))
        };
        [
            view(self.scope.requests(), self.left.requests, &self.requests),
            view(self.scope.tokens(), self.left.tokens, &self.tokens),
        ]
    }
}
