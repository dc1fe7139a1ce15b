//! What a scope's record can lend to workers, as pools.

use crate::bucket::{Bucket, BucketState};
use crate::budget::Slice;
use crate::epoch_sum::{Entry, EpochSum};
use crate::grant::Pool;
use crate::timestamp::Timestamp;

/// A bucket, refilled, and what is lent of it. Where there is no limit any more, nothing is.
pub(super) struct BucketPool<'a> {
    pub(super) bucket: Option<Bucket>,
    pub(super) state: &'a mut BucketState,
    pub(super) lent: &'a mut EpochSum,
    /// Counts what is used.
    pub(super) drawn: &'a mut i64,
}

impl Pool for BucketPool<'_> {
    fn available(&self) -> i64 {
        self.bucket.map_or(0, |bucket| bucket.whole(self.state))
    }

    fn lend(&mut self, units: i64) -> Entry {
        if let Some(bucket) = self.bucket {
            bucket.lend(self.state, units);
        }
        *self.drawn = self.drawn.saturating_add(units);
        self.lent.enter(units)
    }

    fn end(&mut self, loan: Option<Entry>, unused: i64, _: i64) {
        if let Some(loan) = loan {
            self.lent.settle(loan);
        }
        *self.drawn = self.drawn.saturating_sub(unused);
        if let Some(bucket) = self.bucket {
            bucket.correct_beside(self.state, unused, self.lent.total());
        }
    }
}

/// The slots of requests in flight.
pub(super) struct SlotPool<'a> {
    pub(super) most: i64,
    pub(super) in_flight: &'a mut EpochSum,
}

impl Pool for SlotPool<'_> {
    fn available(&self) -> i64 {
        self.most.saturating_sub(self.in_flight.total())
    }

    fn lend(&mut self, units: i64) -> Entry {
        self.in_flight.enter(units)
    }

    fn end(&mut self, loan: Option<Entry>, _: i64, _: i64) {
        if let Some(loan) = loan {
            self.in_flight.settle(loan);
        }
    }
}

/// The slice of a budget.
pub(super) struct SlicePool<'a> {
    pub(super) slice: &'a mut Slice,
    pub(super) now: Timestamp,
}

impl Pool for SlicePool<'_> {
    fn available(&self) -> i64 {
        self.slice.lendable(self.now).nanos()
    }

    fn lend(&mut self, units: i64) -> Entry {
        self.slice.used_at = self.now;
        self.slice.granted.enter(units)
    }

    fn end(&mut self, loan: Option<Entry>, _: i64, spent: i64) {
        if let Some(loan) = loan {
            self.slice.granted.settle(loan);
        }
        self.slice.spent = self.slice.spent.saturating_add(spent);
    }
}
