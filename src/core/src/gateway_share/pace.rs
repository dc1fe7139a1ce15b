//! How much of a scope is used: an average that chance does not shake.
//!
//! Two requests a second are none in one half of a second and three in the next. So what is averaged over is
//! the last requests, however long they took, rather than a time.

use super::capacity::{Amounts, RATES, scale};
use core::time::Duration;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// About so many of the last requests count: then chance is a tenth of the average.
const REQUESTS: u64 = 64;
/// Not those before that, however rare they are.
const LONGEST: Duration = Duration::from_secs(120);
/// Nothing is said of a scope before it had so many requests...
const FIRST_REQUESTS: u64 = 8;
/// ... or was looked at for so long.
const FIRST_TIME: Duration = Duration::from_secs(4);
/// Averages are kept in so many parts of a unit.
const PARTS: u64 = 1_024;
const MINUTE: u64 = 60_000_000_000;

/// What is used in a minute, and at once. All zero: nothing can be said yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes)]
#[repr(C)]
pub(super) struct Pace(Amounts);

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// As far from `before` to `now` as `weight` is from 0 to `full`.
fn between(before: u64, now: u64, weight: u64, full: u64) -> u64 {
    let kept = scale(before, full.saturating_sub(weight), full);
    kept.saturating_add(scale(now, weight, full))
}

impl Pace {
    /// The average with what was used in the `elapsed` time since it was last made: requests and tokens, and
    /// how many were in flight at once. Where it is the first one and that was too little, it stays none.
    pub(super) fn after(self, used: [u64; RATES], peak: u64, elapsed: Duration) -> Pace {
        let [requests, _] = used;
        let is_first = self == Pace::default();
        if is_first && requests < FIRST_REQUESTS && elapsed < FIRST_TIME {
            return self;
        }
        let (elapsed, longest) = (nanos(elapsed).max(1), nanos(LONGEST));
        let [pace, _] = self.0.rates;
        let expected = scale(pace, elapsed, MINUTE);
        let by_requests = scale(longest, expected, REQUESTS.saturating_mul(PARTS));
        let weight = match is_first {
            true => longest,
            false => elapsed.max(by_requests).min(longest),
        };
        let mut next = self.0;
        for (average, used) in next.rates.iter_mut().zip(used) {
            let now = scale(used.saturating_mul(PARTS), MINUTE, elapsed);
            *average = between(*average, now, weight, longest);
        }
        let peak = peak.saturating_mul(PARTS);
        next.slots = between(next.slots, peak, weight, longest).max(peak);
        Pace(next)
    }

    /// In whole units, rounded up.
    pub(super) fn units(self) -> Amounts {
        Amounts {
            rates: self.0.rates.map(|parts| parts.div_ceil(PARTS)),
            slots: self.0.slots.div_ceil(PARTS),
        }
    }

    /// The time in which so many requests came. `None` where nothing can be said, or there were none.
    pub(super) fn time_of(self, requests: u64) -> Option<Duration> {
        let [pace, _] = self.0.rates;
        let parts = requests.saturating_mul(PARTS);
        (pace > 0).then(|| Duration::from_nanos(scale(MINUTE, parts, pace)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(500);

    /// Looks twice a second at what is used.
    fn looked(mut pace: Pace, used: impl IntoIterator<Item = u64>) -> Pace {
        for requests in used {
            pace = pace.after([requests, 100 * requests], 1, LOOK);
        }
        pace
    }

    #[test]
    fn one_request_in_half_a_second_says_nothing() {
        let pace = Pace::default();
        assert_eq!(pace.after([1, 100], 1, LOOK), pace);
        assert_eq!(pace.time_of(8), None);
        let first = pace.after([8, 800], 3, LOOK);
        assert_eq!(first.units().rates, [960, 96_000]);
        assert_eq!(first.units().slots, 3);
        assert_eq!(first.time_of(8), Some(LOOK));
    }

    #[test]
    fn uneven_use_is_an_even_pace() {
        let start = Pace::default().after([8, 800], 1, Duration::from_secs(4));
        let uneven = [0, 3, 1, 0, 1, 1, 2, 0].into_iter().cycle();
        for looks in 1..200 {
            let [requests, _] = looked(start, uneven.clone().take(looks)).units().rates;
            assert!((90..=150).contains(&requests), "{requests} after {looks}");
        }
    }

    #[test]
    fn many_requests_are_believed_at_once() {
        let busy = Pace::default().after([100, 10_000], 1, LOOK);
        assert_eq!(busy.units().rates[0], 12_000);
        assert_eq!(looked(busy, [30]).units().rates[0], 3_600);
        let slow = Pace::default().after([8, 800], 1, Duration::from_secs(4));
        let [faster, _] = looked(slow, [2; 96]).units().rates;
        assert!((200..=240).contains(&faster), "{faster}");
    }
}
