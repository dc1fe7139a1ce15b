//! A budget without a service: a standalone gateway keeps its own books in shared data.

use super::{Shortage, Slice, percent};
use crate::epoch_sum::{Entry, EpochSum, Epochs};
use crate::money::Money;
use crate::policy::Limits;
use crate::timestamp::Timestamp;
use crate::wire::CapPeriod;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// What was spent in the present UTC day and month, and what requests in flight may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub struct Books {
    /// End of the day of `day_spent`.
    pub day_ends_at: Timestamp,
    /// Spent in that day.
    pub day_spent: i64,
    /// End of the month of `month_spent`.
    pub month_ends_at: Timestamp,
    /// Spent in that month.
    pub month_spent: i64,
    /// What requests in flight may cost.
    pub held: EpochSum,
}

impl Books {
    /// Holds `amount` for one request.
    ///
    /// # Errors
    /// The [`Shortage`] of the tightest cap; then nothing was held.
    pub fn hold(
        &mut self,
        limits: &Limits,
        amount: Money,
        epochs: Epochs,
        now: Timestamp,
    ) -> Result<Entry, Shortage> {
        self.start_new_periods(now);
        self.held.roll(epochs, now);
        if limits.is_budgeted() && amount != Money::ZERO {
            let shortage = self.shortage(limits);
            if amount > shortage.remaining {
                return Err(shortage);
            }
        }
        Ok(self.held.enter(amount.nanos()))
    }

    /// The tightest cap, as a caller is told that must let others go first.
    pub fn shortage(&self, limits: &Limits) -> Shortage {
        let in_flight = Money::from_nanos(self.held.total());
        let caps = [
            (
                CapPeriod::Daily,
                limits.daily_quota,
                self.day_spent,
                self.day_ends_at,
            ),
            (
                CapPeriod::Monthly,
                limits.monthly_quota,
                self.month_spent,
                self.month_ends_at,
            ),
        ];
        let shortages = caps
            .into_iter()
            .filter_map(|(period, quota, spent, resets_at)| {
                let spoken_for = Money::from_nanos(spent).saturating_add(in_flight);
                Some(Shortage {
                    period,
                    remaining: quota?.saturating_sub(spoken_for).or_zero(),
                    in_flight,
                    resets_at,
                })
            });
        let tightest = shortages.min_by_key(|shortage| shortage.remaining);
        tightest.unwrap_or_else(|| Slice::default().shortage())
    }

    /// Percent of the fullest cap that is spent.
    pub fn used_percent(&self, limits: &Limits, now: Timestamp) -> u64 {
        let spent = |spent: i64, ends_at: Timestamp, quota: Option<Money>| {
            let quota = quota.filter(|_| now < ends_at)?;
            Some(percent(spent, quota))
        };
        let day = spent(self.day_spent, self.day_ends_at, limits.daily_quota);
        let month = spent(self.month_spent, self.month_ends_at, limits.monthly_quota);
        day.max(month).unwrap_or(0)
    }

    /// Books the cost of a request to the day and month in which it was admitted, where those are
    /// still the present ones, and lets go of what was held for it.
    pub fn settle(&mut self, entry: Entry, cost: Money, admitted_at: Timestamp, now: Timestamp) {
        self.start_new_periods(now);
        self.held.settle(entry);
        if admitted_at.end_of_day() == self.day_ends_at {
            self.day_spent = self.day_spent.saturating_add(cost.nanos());
        }
        if admitted_at.end_of_month() == self.month_ends_at {
            self.month_spent = self.month_spent.saturating_add(cost.nanos());
        }
    }

    fn start_new_periods(&mut self, now: Timestamp) {
        if now >= self.day_ends_at {
            self.day_spent = 0;
            self.day_ends_at = now.end_of_day();
        }
        if now >= self.month_ends_at {
            self.month_spent = 0;
            self.month_ends_at = now.end_of_month();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCHS: Epochs = Epochs(600);
    // 2028-02-29T23:59:50Z
    const LEAP_DAY: u64 = 1_835_481_590;

    fn limits(daily: Option<i64>, monthly: Option<i64>) -> Limits {
        Limits {
            daily_quota: daily.map(Money::from_nanos),
            monthly_quota: monthly.map(Money::from_nanos),
            ..Limits::default()
        }
    }

    #[test]
    fn both_caps_hold_and_start_anew_in_their_time() {
        let limits = limits(Some(10), Some(15));
        let mut books = Books::default();
        let noon = Timestamp::from_secs(LEAP_DAY - 86_400);
        let entry = books
            .hold(&limits, Money::from_nanos(9), EPOCHS, noon)
            .unwrap();
        books.settle(entry, Money::from_nanos(8), noon, noon);
        let short = books
            .hold(&limits, Money::from_nanos(3), EPOCHS, noon)
            .unwrap_err();
        assert_eq!(
            (short.period, short.remaining.nanos()),
            (CapPeriod::Daily, 2)
        );

        let next = Timestamp::from_secs(LEAP_DAY);
        let entry = books
            .hold(&limits, Money::from_nanos(7), EPOCHS, next)
            .unwrap();
        let short = books
            .hold(&limits, Money::from_nanos(1), EPOCHS, next)
            .unwrap_err();
        assert_eq!(
            (short.period, short.remaining.nanos()),
            (CapPeriod::Monthly, 0)
        );
        assert_eq!(short.resets_at.to_rfc3339(), "2028-03-01T00:00:00Z");

        let march = Timestamp::from_secs(LEAP_DAY + 20);
        books.settle(entry, Money::from_nanos(7), next, march);
        assert_eq!(
            (books.day_spent, books.month_spent),
            (0, 0),
            "booked to February"
        );
        assert!(
            books
                .hold(&limits, Money::from_nanos(10), EPOCHS, march)
                .is_ok()
        );
    }
}
