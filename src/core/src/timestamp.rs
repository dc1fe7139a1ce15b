//! Points in time and the UTC calendar periods of budgets.

use core::time::Duration;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Nanoseconds since 1970-01-01T00:00:00Z. Range: to the year 2554.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    FromBytes,
    Immutable,
    IntoBytes,
)]
#[repr(transparent)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch.
    pub const EPOCH: Timestamp = Timestamp(0);
    /// The end of what never ends, in the year 2262: the last moment that a signed number of
    /// nanoseconds holds, as databases have it.
    pub const FAR: Timestamp = Timestamp(i64::MAX.unsigned_abs());

    /// `nanos` nanoseconds after the epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Timestamp(nanos)
    }

    /// `millis` milliseconds after the epoch, held at the end of the range.
    pub const fn from_millis(millis: u64) -> Self {
        Timestamp(millis.saturating_mul(1_000_000))
    }

    /// `secs` seconds after the epoch, held at the end of the range.
    pub const fn from_secs(secs: u64) -> Self {
        Timestamp(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the epoch.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Whole seconds since the epoch.
    pub const fn secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// The time since `earlier`; zero where `earlier` is later (clocks step back).
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This moment less `duration`, held at the epoch.
    pub fn minus(self, duration: Duration) -> Timestamp {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Timestamp(self.0.saturating_sub(nanos))
    }

    /// This moment and `duration`, held at the end of the range.
    pub fn plus(self, duration: Duration) -> Timestamp {
        Timestamp(
            self.0
                .saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        )
    }

    /// RFC 3339 in UTC with whole seconds: `2026-03-15T23:59:59Z`.
    pub fn to_rfc3339(self) -> String {
        let whole = self.to_datetime().replace_nanosecond(0);
        whole
            .ok()
            .and_then(|at| at.format(&Rfc3339).ok())
            .unwrap_or_default()
    }

    /// From RFC 3339 with any offset, such as `2026-03-15T12:00:00+01:00`. `None` if it is something else,
    /// before 1970 or after [`Self::FAR`].
    pub fn parse(text: &str) -> Option<Timestamp> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let nanos = i64::try_from(at.unix_timestamp_nanos()).ok()?;
        u64::try_from(nanos).ok().map(Timestamp)
    }

    /// First moment of the next UTC day: when a daily budget starts anew.
    pub fn end_of_day(self) -> Timestamp {
        self.to_datetime()
            .date()
            .next_day()
            .map_or(Timestamp(u64::MAX), Self::from_date)
    }

    /// First moment of the next UTC month: when a monthly budget starts anew.
    pub fn end_of_month(self) -> Timestamp {
        let date = self.to_datetime().date();
        let year = match date.month() {
            Month::December => date.year().saturating_add(1),
            _ => date.year(),
        };
        Date::from_calendar_date(year, date.month().next(), 1)
            .map_or(Timestamp(u64::MAX), Self::from_date)
    }

    fn from_date(date: Date) -> Timestamp {
        let at = OffsetDateTime::new_utc(date, Time::MIDNIGHT).unix_timestamp_nanos();
        Timestamp(u64::try_from(at).unwrap_or(u64::MAX))
    }

    fn to_datetime(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_moment_is_read_with_its_offset_and_within_the_range() {
        assert_eq!(
            at("2026-03-15T12:00:00.5+02:00").nanos() % 1_000_000_000,
            500_000_000
        );
        assert_eq!(at("2026-03-15T12:00:00+02:00"), at("2026-03-15T10:00:00Z"));
        for bad in [
            "",
            "2026-03-15",
            "1969-12-31T23:59:59Z",
            "2263-01-01T00:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn periods_end_on_utc_boundaries() {
        let leap = at("2028-02-29T23:59:59Z");
        assert_eq!(leap.end_of_day(), at("2028-03-01T00:00:00Z"));
        assert_eq!(leap.end_of_month(), at("2028-03-01T00:00:00Z"));
        let new_year = at("2026-12-31T12:00:00Z");
        assert_eq!(new_year.end_of_month(), at("2027-01-01T00:00:00Z"));
        assert_eq!(
            at("2027-01-01T00:00:00Z").end_of_month(),
            at("2027-02-01T00:00:00Z")
        );
        assert_eq!(new_year.to_rfc3339(), "2026-12-31T12:00:00Z");
        assert!(Timestamp(u64::MAX).end_of_month() >= new_year);
    }
}
