//! Spans of time, and UTC days and months.

use paddock_core::timestamp::Timestamp;
use time::{Date, OffsetDateTime};

/// Seconds of a UTC day.
pub const DAY: u64 = 86_400;
/// Seconds of an hour.
pub const HOUR: u64 = 3_600;
/// Seconds of a minute.
pub const MINUTE: u64 = 60;

/// A span of time: from its first moment to the next one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First moment.
    pub start: Timestamp,
    /// First moment after it.
    pub end: Timestamp,
}

impl Window {
    /// How much of it is over at `now`: 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "a share, not an amount")]
    pub fn elapsed(&self, now: Timestamp) -> f64 {
        let whole = self.end.since(self.start).as_nanos() as f64;
        (now.since(self.start).as_nanos() as f64 / whole.max(1.0)).clamp(0.0, 1.0)
    }
}

/// The start of the interval of `seconds` that `at` lies in, intervals counted from the epoch.
pub fn start_of(seconds: u64, at: Timestamp) -> Timestamp {
    let past = at.secs().checked_rem(seconds).unwrap_or(0);
    Timestamp::from_secs(at.secs().saturating_sub(past))
}

/// The first moment of the UTC month that `at` lies in.
pub fn start_of_month(at: Timestamp) -> Timestamp {
    let date = i64::try_from(at.secs()).ok();
    let date = date.and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok());
    let first = date.and_then(|at| Date::from_calendar_date(at.year(), at.month(), 1).ok());
    first.map_or(Timestamp::EPOCH, |first| {
        let secs = first.midnight().assume_utc().unix_timestamp();
        Timestamp::from_secs(u64::try_from(secs).unwrap_or(0))
    })
}

/// The end of what is asked about up to now: of the day after, since clocks of gateways may be ahead.
pub fn end_of_tomorrow(now: Timestamp) -> Timestamp {
    now.end_of_day().end_of_day()
}
