//! How fast a body comes.

use crate::timestamp::Timestamp;
use core::time::Duration;

/// How fast one body comes, judged by periods: a body that came fast at first has no credit for a stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    since: Timestamp,
    /// Bytes that had come by then.
    before: u64,
}

impl Pace {
    /// How long a body may be slower than its least rate.
    pub const PERIOD: Duration = Duration::from_secs(10);

    /// A body of which nothing has come.
    pub fn begin(now: Timestamp) -> Self {
        Pace {
            since: now,
            before: 0,
        }
    }

    /// Whether, at the end of a period, less than `least` bytes a second have come in it; `received` bytes
    /// have come in all.
    pub fn is_too_slow(&mut self, received: u64, least: u64, now: Timestamp) -> bool {
        let passed = now.since(self.since);
        if passed < Pace::PERIOD {
            return false;
        }
        let came = received.saturating_sub(self.before);
        (self.since, self.before) = (now, received);
        came < least.saturating_mul(passed.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(6_000);

    #[test]
    fn a_stall_is_one_whatever_came_before() {
        let mut pace = Pace::begin(START);
        let mut look = |secs, received| {
            let now = START.plus(Duration::from_secs(secs));
            pace.is_too_slow(received, 1_024, now)
        };
        assert!(!look(9, 0), "the period is not over");
        assert!(!look(10, 10_000_000));
        assert!(!look(19, 10_000_000));
        assert!(look(20, 10_000_000));
    }

    #[test]
    fn the_least_rate_is_enough() {
        let mut pace = Pace::begin(START);
        for period in 1..5 {
            let now = START.plus(Pace::PERIOD.saturating_mul(period));
            assert!(!pace.is_too_slow(u64::from(period) * 10_240, 1_024, now));
        }
        let now = START.plus(Pace::PERIOD.saturating_mul(5));
        assert!(pace.is_too_slow(51_199, 1_024, now));
    }
}
