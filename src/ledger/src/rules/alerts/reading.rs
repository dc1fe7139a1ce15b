//! Whether an alert is due, by what its namespace has spent.

use crate::model::alert::{Alert, AlertWindow, Threshold, from_thousandths};
use crate::model::hierarchy::InForce;
use crate::model::period::{DAY, HOUR, start_of};
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::collections::HashMap;
use std::time::Duration;

/// Fewest hours of the past that an anomaly is told from: of the same hour of other days, and of
/// the hours before.
const FEWEST_DAYS: usize = 5;
const FEWEST_HOURS: usize = 12;

/// What was spent, and where the alert's limit is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What was spent in the window, or of an anomaly in this hour.
    pub spent: Money,
    /// The window's budget; of an anomaly, what this hour may cost.
    pub limit: Money,
    /// Percent of the limit that is spent.
    pub percent: f64,
    /// Whether the alert is due.
    pub is_due: bool,
}

/// Which sums an alert is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Needed {
    /// Seconds of an interval: days, or hours of an anomaly.
    pub granularity: u64,
    /// The start of the first interval.
    pub start: Timestamp,
}

/// What an alert is judged by.
pub fn needed(alert: &Alert, now: Timestamp) -> Needed {
    match alert.threshold {
        Threshold::Percent(_) => Needed {
            granularity: DAY,
            start: alert.span.window(now).start,
        },
        Threshold::Deviations(_) => {
            let hour = start_of(HOUR, now);
            Needed {
                granularity: HOUR,
                start: hour.minus(Duration::from_secs(baseline(alert.span).0)),
            }
        }
    }
}

/// Judges what was spent: costs by the first second of each interval that is [`needed`]. `None` of an
/// anomaly with too little history to judge by.
pub fn judge(
    alert: &Alert,
    limits: &InForce,
    costs: &HashMap<u64, Money>,
    now: Timestamp,
) -> Option<Reading> {
    match alert.threshold {
        Threshold::Percent(thousandths) => {
            let spent = costs
                .values()
                .copied()
                .fold(Money::ZERO, Money::saturating_add);
            let limit = budget(alert.span, limits);
            let percent = percent(spent, limit);
            Some(Reading {
                spent,
                limit,
                percent,
                is_due: percent >= from_thousandths(thousandths),
            })
        }
        Threshold::Deviations(thousandths) => {
            anomaly(alert.span, costs, start_of(HOUR, now).secs(), thousandths)
        }
    }
}

/// What may be spent in a window: the quota of the day or the week, or thirtieths of the month's.
fn budget(span: AlertWindow, limits: &InForce) -> Money {
    let monthly = limits.monthly_quota;
    let days = |days: i64| {
        let nanos = i128::from(monthly.nanos()).saturating_mul(days.into()) / 30;
        Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    };
    match span {
        AlertWindow::Day => limits.daily_quota.unwrap_or_else(|| days(1)),
        AlertWindow::Week => {
            let weekly = limits.quota(CapPeriod::Weekly);
            weekly.unwrap_or_else(|| days(7))
        }
        AlertWindow::Month => monthly,
    }
}

fn percent(spent: Money, limit: Money) -> f64 {
    if limit > Money::ZERO {
        spent.to_dollars() / limit.to_dollars() * 100.0
    } else if spent > Money::ZERO {
        100.0
    } else {
        0.0
    }
}

/// How far back an anomaly's past begins, and the steps it goes in, in seconds.
const fn baseline(span: AlertWindow) -> (u64, u64) {
    match span {
        AlertWindow::Day => (DAY, HOUR),
        AlertWindow::Week => (7 * DAY, DAY),
        AlertWindow::Month => (30 * DAY, DAY),
    }
}

/// Compares an hour with such hours of the past, as far as there was any usage: an hour without any
/// counts as zero from the first one on.
fn anomaly(
    span: AlertWindow,
    hours: &HashMap<u64, Money>,
    hour: u64,
    thousandths: u64,
) -> Option<Reading> {
    let (length, step) = baseline(span);
    let first = hours.keys().min().copied().filter(|first| *first < hour)?;
    let count = length.checked_div(step).unwrap_or(0);
    let past = (1..=count).map(|number| hour.saturating_sub(number.saturating_mul(step)));
    let past: Vec<f64> = past
        .filter(|at| *at >= first)
        .map(|at| hours.get(&at).copied().unwrap_or_default().to_dollars())
        .collect();
    let fewest = if span == AlertWindow::Day {
        FEWEST_HOURS
    } else {
        FEWEST_DAYS
    };
    if past.len() < fewest {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 30")]
    let count = past.len() as f64;
    let mean = past.iter().sum::<f64>() / count;
    let variance = past.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / count;
    // Where all hours were alike a cent more is no anomaly.
    let deviation = variance.sqrt().max(mean * 0.1).max(0.01);
    let limit = mean + deviation * from_thousandths(thousandths);
    let limit = Money::from_dollars(limit)?;
    let spent = hours.get(&hour).copied().unwrap_or_default();
    Some(Reading {
        spent,
        limit,
        percent: percent(spent, limit),
        is_due: spent > limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u64 = 1_773_576_000;

    fn dollars(amount: i64) -> Money {
        Money::from_nanos(amount.saturating_mul(1_000_000_000))
    }

    /// So many days of one dollar at noon, and an hour now.
    fn days(count: u64, now: i64) -> HashMap<u64, Money> {
        let mut hours: HashMap<u64, Money> = (1..=count)
            .map(|day| (NOON.saturating_sub(day.saturating_mul(DAY)), dollars(1)))
            .collect();
        // Another hour of the day is dear, and is not looked at.
        hours.insert(NOON - DAY + HOUR, dollars(50));
        hours.insert(NOON, dollars(now));
        hours
    }

    #[test]
    fn an_hour_is_compared_with_the_same_hour_of_other_days() {
        let due = |count, now| anomaly(AlertWindow::Week, &days(count, now), NOON, 3_000);
        assert_eq!(due(4, 100), None, "too little history");
        assert!(!due(7, 1).unwrap().is_due);
        assert!(
            due(7, 2).unwrap().is_due,
            "a tenth of the mean is the least deviation"
        );
        let reading = anomaly(AlertWindow::Month, &days(7, 2), NOON, 11_000).unwrap();
        assert!(!reading.is_due);
        assert_eq!(reading.limit, Money::from_nanos(2_100_000_000));
    }

    #[test]
    fn hours_without_usage_count_from_the_first_one_on() {
        let mut hours: HashMap<u64, Money> = HashMap::new();
        hours.insert(NOON - 12 * HOUR, dollars(12));
        hours.insert(NOON, dollars(11));
        // Of twelve hours one cost twelve dollars: a mean of 1, a deviation of 3.32.
        assert!(
            anomaly(AlertWindow::Day, &hours, NOON, 3_000)
                .unwrap()
                .is_due
        );
        assert!(
            !anomaly(AlertWindow::Day, &hours, NOON, 3_100)
                .unwrap()
                .is_due
        );
        hours.remove(&(NOON - 12 * HOUR));
        hours.insert(NOON - 11 * HOUR, dollars(12));
        assert_eq!(anomaly(AlertWindow::Day, &hours, NOON, 3_000), None);
    }
}
