//! What a borrower holds of one resource, in its units: requests, tokens, slots, nano-dollars.

use crate::epoch_sum::{Entry, EpochSum, Epochs};
use crate::timestamp::Timestamp;

/// A borrower gets at most this part (1/8) of what is left.
const LENT_PART: i64 = 8;
/// What is not enough for so many uses is not worth borrowing.
const FEWEST_USES: i64 = 4;
/// How many uses a borrower gets of which nothing is known yet.
const FIRST_USES: i64 = 16;

/// One resource of an owner.
pub trait Pool {
    /// Units that are there to be lent; negative where there is a debt.
    fn available(&self) -> i64;

    /// Lends so many.
    fn lend(&mut self, units: i64) -> Entry;

    /// Ends a loan: `unused` units come back, and `spent` units never do. Negative `unused` is a debt.
    fn end(&mut self, loan: Option<Entry>, unused: i64, spent: i64);
}

/// What a borrower holds of one resource.
///
/// A use either *spends* units at once (and may be corrected), or *holds* them until it is
/// released, when all but its cost can be used again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portion {
    /// As the pool has it down.
    loan: Option<Entry>,
    /// Units that could be used when the loan was made.
    lent: i64,
    /// Units that can be used now.
    free: i64,
    /// The least that could be used at any time since the loan was made.
    low: i64,
    /// Units that came back beyond what was lent: the pool may be full, so they are its to keep or
    /// to let go of.
    surplus: i64,
    /// What uses hold.
    held: EpochSum,
    /// What released uses cost.
    spent: i64,
    /// How many units were needed lately.
    needed: i64,
}

impl Portion {
    /// Whether so many units can be used.
    pub fn covers(&self, units: i64) -> bool {
        units <= self.free
    }

    /// Units that can be used.
    pub fn free(&self) -> i64 {
        self.free
    }

    /// Units that uses hold, as of the last one.
    pub fn held(&self) -> i64 {
        self.held.total()
    }

    /// Spends units, which must be [covered](Self::covers).
    pub fn spend(&mut self, units: i64) {
        self.free = self.free.saturating_sub(units);
        self.low = self.low.min(self.free);
    }

    /// Says that `unused` of the spent units were not needed, or more, where negative.
    pub fn correct(&mut self, unused: i64) {
        let free = self.free.saturating_add(unused);
        self.free = free.min(self.lent);
        self.surplus = self.surplus.saturating_add(free.saturating_sub(self.free));
        self.low = self.low.min(self.free);
    }

    /// Holds units, which must be [covered](Self::covers).
    pub fn hold(&mut self, units: i64, epochs: Epochs, now: Timestamp) -> Entry {
        self.spend(units);
        self.held.roll(epochs, now);
        self.held.enter(units)
    }

    /// Releases what a use held. It has cost so much of it, or more.
    pub fn release(&mut self, entry: Entry, cost: i64) {
        let back = self.held.settle(entry).saturating_sub(cost);
        self.free = self.free.saturating_add(back);
        self.low = self.low.min(self.free);
        self.spent = self.spent.saturating_add(cost);
    }

    /// Lets go of everything, uses and their costs included: there is no such pool any more.
    pub fn forget(&mut self) {
        *self = Portion::default();
    }

    /// Gives back all that can be used, and says what was spent. What uses hold stays lent.
    pub fn give_back(&mut self, pool: &mut impl Pool, epochs: Epochs, now: Timestamp) {
        let drawn = self.lent.saturating_sub(self.low);
        let unused = self.free.saturating_add(self.surplus);
        pool.end(self.loan, unused, self.spent);
        self.held.roll(epochs, now);
        let held = self.held.total();
        *self = Portion {
            loan: (held != 0).then(|| pool.lend(held)),
            held: self.held,
            needed: drawn
                .saturating_mul(2)
                .max(self.lent.checked_div(2).unwrap_or(0)),
            ..Portion::default()
        };
    }

    /// How many units to take of a pool where one use needs `each`: what was needed lately, but no
    /// more than a part of what is left. `None` if that is not worth it.
    pub fn size(&self, pool: &impl Pool, each: i64) -> Option<i64> {
        let part = pool.available().checked_div(LENT_PART).unwrap_or(0);
        let wanted = self.needed.max(each.saturating_mul(FIRST_USES));
        let units = wanted.min(part);
        (units >= each.saturating_mul(FEWEST_USES) && units >= 0).then_some(units)
    }

    /// Takes so many units of what is available, after everything was [given
    /// back](Self::give_back).
    pub fn take(&mut self, pool: &mut impl Pool, units: i64) {
        pool.end(self.loan, 0, 0);
        self.loan = Some(pool.lend(self.held.total().saturating_add(units)));
        self.lent = units;
        self.free = units;
        self.low = units;
    }
}
