//! Which time a usage report covers, and in which steps.

use crate::model::day_blocks::BLOCK_LENGTHS;
use crate::model::period::{DAY, HOUR, MINUTE, Window, end_of_tomorrow, start_of, start_of_month};
use crate::rules::housekeeping::{KEEP_HOURS, KEEP_MINUTES};
use crate::store::costs::{Days, RollupInterval};
use crate::store::reports::{Span, Sums};
use crate::store::{StoreError, Tx, day_blocks};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::ToSchema;

/// Longest series answered, in steps.
const MAX_STEPS: usize = 10_000;
/// Longest period that can be asked for by its length, in days.
const MAX_DAYS: u64 = 3_660;

/// The time a report covers, up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Since the first of the UTC month.
    CurrentMonth,
    /// The last so many days.
    Days(u64),
    /// Since the beginning.
    All,
}

impl Period {
    /// From `current_month`, `7d` (any number of days) or `all`; `None` otherwise.
    pub fn parse(text: &str) -> Option<Period> {
        match text {
            "current_month" => Some(Period::CurrentMonth),
            "all" => Some(Period::All),
            days => {
                let days = days.strip_suffix('d')?.parse().ok()?;
                (1..=MAX_DAYS).contains(&days).then_some(Period::Days(days))
            }
        }
    }

    /// The first moment it covers. `born` is that of the beginning.
    pub fn start(self, now: Timestamp, born: Timestamp) -> Timestamp {
        match self {
            Period::CurrentMonth => start_of_month(now),
            Period::Days(days) => {
                let length = days.saturating_mul(DAY);
                Timestamp::from_secs(now.secs().saturating_sub(length))
            }
            Period::All => born,
        }
    }

    /// The step a report of it has if none is asked for.
    pub const fn step(self) -> Step {
        match self {
            Period::Days(0..=7) => Step::Hour,
            _ => Step::Day,
        }
    }
}

/// Which whole UTC days a report of costs covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayRange {
    /// Those of the month before this one.
    PreviousMonth,
    /// Those of a period, today included.
    Period(Period),
}

impl DayRange {
    /// From `previous_month` or a [`Period`]'s name; `None` otherwise.
    pub fn parse(text: &str) -> Option<DayRange> {
        match text {
            "previous_month" => Some(DayRange::PreviousMonth),
            text => Period::parse(text).map(DayRange::Period),
        }
    }

    /// The days.
    pub fn days(self, now: Timestamp) -> Days {
        match self {
            DayRange::PreviousMonth => {
                let end = start_of_month(now);
                let last = Timestamp::from_secs(end.secs().saturating_sub(1));
                let start = start_of_month(last);
                Days { start, end }
            }
            DayRange::Period(period) => {
                let start = period.start(now, Timestamp::EPOCH);
                Days {
                    start: start_of(DAY, start),
                    end: now.end_of_day(),
                }
            }
        }
    }
}

/// The sums that together are the time from `from` to `until`, in whole minutes around it: where they
/// lie in it whole, blocks that end before `sealed`, days and hours, and minutes at its ends. What is so
/// long ago at `now` that there are no minutes any more, or no hours, begins and ends with a whole hour or
/// day.
pub fn cover(
    from: Timestamp,
    until: Timestamp,
    now: Timestamp,
    sealed: Timestamp,
) -> Vec<RollupInterval> {
    let today = start_of(DAY, now).secs();
    let kept = |days: u64| today.saturating_sub(days.saturating_mul(DAY));
    let finest = |at: u64| match at {
        at if at < kept(KEEP_HOURS) => DAY,
        at if at < kept(KEEP_MINUTES) => HOUR,
        _ => MINUTE,
    };
    let mut at = start_of(finest(from.secs()), from).secs();
    let end = until.secs().div_ceil(MINUTE).saturating_mul(MINUTE);
    let mut intervals: Vec<RollupInterval> = Vec::new();
    while at < end {
        let fits = |step: &u64| {
            let next = at.saturating_add(*step);
            at.is_multiple_of(*step) && next <= end && (*step <= DAY || next <= sealed.secs())
        };
        let steps = BLOCK_LENGTHS.into_iter().rev().chain([DAY, HOUR]);
        let step = steps.into_iter().find(fits).unwrap_or(MINUTE);
        let step = step.max(finest(at));
        let next = at.saturating_add(step);
        match intervals.last_mut() {
            Some(interval) if interval.0 == step => interval.2 = next,
            _ => intervals.push((step, at, next)),
        }
        at = next;
    }
    intervals
}

/// The sums that are some whole days.
pub async fn cover_days(
    tx: &mut Tx,
    days: Days,
    now: Timestamp,
) -> Result<Vec<RollupInterval>, StoreError> {
    let sealed = day_blocks::sealed_until(tx).await?;
    Ok(cover(days.start, days.end, now, sealed))
}

/// The sums of all that was booked since a moment.
pub async fn cover_since(
    tx: &mut Tx,
    start: Timestamp,
    now: Timestamp,
) -> Result<Vec<RollupInterval>, StoreError> {
    let end = end_of_tomorrow(now);
    cover_days(tx, Days { start, end }, now).await
}

/// The spend of a window by its end, at its rate so far, in US dollars.
pub fn projected(spent: Money, window: &Window, now: Timestamp) -> f64 {
    let elapsed = window.elapsed(now);
    if elapsed > 0.0 {
        spent.to_dollars() / elapsed
    } else {
        spent.to_dollars()
    }
}

/// The step of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// An hour.
    Hour,
    /// A UTC day.
    Day,
    /// A UTC calendar month.
    Month,
}

impl Step {
    /// The rollups that answer for a time from `start` on: whole steps.
    pub fn span(self, start: Timestamp) -> Span {
        let granularity = if self == Step::Hour { HOUR } else { DAY };
        Span {
            granularity,
            start: start_of(granularity, start),
        }
    }

    /// The first moment of the step that a moment lies in.
    pub fn start_of(self, at: Timestamp) -> Timestamp {
        match self {
            Step::Hour => start_of(HOUR, at),
            Step::Day => start_of(DAY, at),
            Step::Month => start_of_month(at),
        }
    }

    fn next(self, start: Timestamp) -> Timestamp {
        match self {
            Step::Hour => start.plus(Duration::from_secs(HOUR)),
            Step::Day => start.end_of_day(),
            Step::Month => start.end_of_month(),
        }
    }

    /// The first moments of the steps that lie in a time; `None` if there are more than `most`.
    pub fn starts(self, time: Days, most: usize) -> Option<Vec<Timestamp>> {
        let mut starts = Vec::new();
        let mut at = self.start_of(time.start);
        while at < time.end {
            if starts.len() >= most {
                return None;
            }
            starts.push(at);
            at = self.next(at);
        }
        Some(starts)
    }

    /// One entry a step from `start` to `now`, zeros if nothing was; `None` if that is too
    /// many.
    pub fn fill(
        self,
        rows: &[(Timestamp, Sums)],
        start: Timestamp,
        now: Timestamp,
    ) -> Option<Vec<(Timestamp, Sums)>> {
        let mut sums: BTreeMap<Timestamp, Sums> = BTreeMap::new();
        for (at, row) in rows {
            let sum = sums.entry(self.start_of(*at)).or_default();
            *sum = sum.plus(*row);
        }
        let mut at = self.start_of(start);
        while at <= now {
            if sums.len() > MAX_STEPS {
                return None;
            }
            sums.entry(at).or_default();
            at = self.next(at);
        }
        Some(sums.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::day_blocks::FIVE_DAYS;

    #[test]
    fn a_time_is_covered_once_by_the_coarsest_rollups() {
        let at = |hours: u64, minutes: u64| Timestamp::from_secs(hours * HOUR + minutes * MINUTE);
        // On the third day the minutes of the first are still there.
        let intervals = cover(at(22, 58), at(73, 2), at(71, 0), Timestamp::EPOCH);
        let seconds = |intervals: &[RollupInterval]| {
            intervals
                .iter()
                .map(|interval| interval.2 - interval.1)
                .sum::<u64>()
        };
        assert_eq!(seconds(&intervals), 50 * HOUR + 4 * MINUTE);
        let steps: Vec<u64> = intervals.iter().map(|interval| interval.0).collect();
        assert_eq!(steps, [MINUTE, HOUR, DAY, HOUR, MINUTE]);
        assert!(intervals.windows(2).all(|pair| pair[0].2 == pair[1].1));
        let odd = Timestamp::from_secs(61);
        assert_eq!(
            cover(odd, Timestamp::from_secs(62), odd, Timestamp::EPOCH),
            [(MINUTE, 60, 120)]
        );
        assert_eq!(cover(odd, Timestamp::EPOCH, odd, Timestamp::FAR), []);
    }

    #[test]
    fn what_is_long_ago_is_covered_by_what_is_kept_of_it() {
        let at = |days: u64, hours: u64, minutes: u64| {
            Timestamp::from_secs(days * DAY + hours * HOUR + minutes * MINUTE)
        };
        let steps = |from, until| {
            let intervals = cover(from, until, at(1_000, 5, 0), Timestamp::EPOCH);
            assert!(intervals.windows(2).all(|pair| pair[0].2 == pair[1].1));
            assert!(intervals[0].1 <= from.secs() && intervals.last().unwrap().2 >= until.secs());
            intervals
                .into_iter()
                .map(|interval| interval.0)
                .collect::<Vec<u64>>()
        };
        assert_eq!(steps(at(998, 0, 1), at(998, 0, 3)), [MINUTE]);
        assert_eq!(steps(at(997, 23, 59), at(998, 0, 3)), [HOUR, MINUTE]);
        assert_eq!(steps(at(997, 3, 59), at(997, 6, 1)), [HOUR]);
        assert_eq!(steps(at(579, 3, 59), at(580, 0, 1)), [DAY, HOUR]);
        assert_eq!(steps(at(579, 3, 59), at(1_000, 4, 30)), [DAY, HOUR, MINUTE]);
    }

    #[test]
    fn blocks_that_are_sealed_make_a_month_few_rows() {
        let at = |days: u64| Timestamp::from_secs(days * DAY);
        let mut most = 0;
        for today in 20_000..20_030 {
            let sealed = start_of(FIVE_DAYS, at(today));
            let intervals = cover(at(today - 30), at(today + 1), at(today), sealed);
            assert_eq!(
                (intervals[0].1, intervals.last().unwrap().2),
                (at(today - 30).secs(), at(today + 1).secs())
            );
            assert!(intervals.windows(2).all(|pair| pair[0].2 == pair[1].1));
            let rows = |interval: &RollupInterval| {
                assert!(interval.0 == DAY || interval.2 <= sealed.secs());
                assert!(
                    interval.1.is_multiple_of(interval.0) && interval.2.is_multiple_of(interval.0)
                );
                (interval.2 - interval.1) / interval.0
            };
            most = most.max(intervals.iter().map(rows).sum());
        }
        assert_eq!(most, 9);
        let unsealed = cover(at(20_000), at(20_031), at(20_030), at(20_004));
        assert_eq!(unsealed, [(DAY, at(20_000).secs(), at(20_031).secs())]);
    }

    #[test]
    fn a_series_has_every_step_and_no_more() {
        // 2028-02-28T22:30:00Z to 2028-03-01T01:00:00Z: over the leap day.
        let start = Timestamp::from_secs(1_835_389_800);
        let now = Timestamp::from_secs(1_835_485_200);
        let one = Sums {
            requests: 1,
            ..Sums::default()
        };
        let rows = [(start, one), (now, one)];
        let starts = |step: Step| {
            let series = step.fill(&rows, start, now).unwrap();
            let total = series.iter().fold(0, |sum, (_, sums)| sum + sums.requests);
            assert_eq!(total, 2);
            series
                .into_iter()
                .map(|(at, _)| at.to_rfc3339())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            starts(Step::Day),
            [
                "2028-02-28T00:00:00Z",
                "2028-02-29T00:00:00Z",
                "2028-03-01T00:00:00Z"
            ]
        );
        assert_eq!(
            starts(Step::Month),
            ["2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"]
        );
        assert_eq!(starts(Step::Hour).len(), 28);
        assert_eq!(Step::Hour.fill(&[], Timestamp::EPOCH, now), None);
        assert_eq!(Period::parse("7d"), Some(Period::Days(7)));
        assert_eq!(Period::parse("-1d"), None);
    }
}
