//! What a scope's record can lend to workers, as pools.

use super::bucket::{Bucket, BucketState};
use crate::budget::{Books, Slice};
use crate::epoch_sum::{Entry, EpochSum};
use crate::grant::Pool;
use crate::policy::Limits;
use crate::timestamp::Timestamp;

/// A bucket, refilled, and what is lent of it. Where there is no limit any more, nothing is.
pub(super) struct BucketPool<'a> {
    pub(super) bucket: Option<Bucket>,
    pub(super) state: &'a mut BucketState,
    pub(super) lent: &'a mut EpochSum,
}

impl Pool for BucketPool<'_> {
    fn available(&self) -> i64 {
        self.bucket.map_or(0, |bucket| bucket.whole(self.state))
    }

    fn lend(&mut self, units: i64) -> Entry {
        if let Some(bucket) = self.bucket {
            bucket.lend(self.state, units);
        }
        self.lent.enter(units)
    }

    fn end(&mut self, loan: Option<Entry>, unused: i64, _: i64) {
        if let Some(loan) = loan {
            self.lent.settle(loan);
        }
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
        self.slice.held.enter(units)
    }

    fn end(&mut self, loan: Option<Entry>, _: i64, spent: i64) {
        if let Some(loan) = loan {
            self.slice.held.settle(loan);
        }
        self.slice.spent = self.slice.spent.saturating_add(spent);
    }
}

/// The gateway's own books.
pub(super) struct BooksPool<'a> {
    pub(super) books: &'a mut Books,
    pub(super) limits: &'a Limits,
    /// The ends of the day and the month in which was spent what is given back.
    pub(super) spent_in: (Timestamp, Timestamp),
}

impl Pool for BooksPool<'_> {
    fn available(&self) -> i64 {
        self.books.shortage(self.limits).remaining.nanos()
    }

    fn lend(&mut self, units: i64) -> Entry {
        self.books.held.enter(units)
    }

    fn end(&mut self, loan: Option<Entry>, _: i64, spent: i64) {
        let books = &mut *self.books;
        if let Some(loan) = loan {
            books.held.settle(loan);
        }
        let (day_ends_at, month_ends_at) = self.spent_in;
        if day_ends_at == books.day_ends_at {
            books.day_spent = books.day_spent.saturating_add(spent);
        }
        if month_ends_at == books.month_ends_at {
            books.month_spent = books.month_spent.saturating_add(spent);
        }
    }
}
