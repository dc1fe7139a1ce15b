//! Whose days and months count: UTC's, or those of a time zone.

use crate::model::period::{DAY, HOUR, Window, start_of};
use jiff::civil::{Date, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, ToSpan};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

/// The rules of all zones, as they are compiled in: every replica has the same.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// How long after a change of a zone bookings may be under way that know nothing of it.
const SETTLING: Duration = Duration::from_secs(600);

/// The name of sums of UTC days in the database.
pub const DAYS: &str = "daily";
/// The name of sums of hours.
pub const HOURS: &str = "hourly";

/// The name of a time zone in the IANA database as it spells it, from one in any case; `None` if it has
/// none of that name.
pub fn zone_name(name: &str) -> Option<String> {
    let zone = ZONES.get(name).ok()?;
    zone.iana_name().map(str::to_owned)
}

/// The calendar of a scope.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The zone's name; absent is UTC.
    name: Option<String>,
    zone: TimeZone,
    /// Since when it is the scope's.
    since: Timestamp,
}

/// Sums of what was spent, and which of them make up a window.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SumSpan {
    /// What is summed up: [`DAYS`], [`HOURS`], or the days of a zone.
    pub kind: Cow<'static, str>,
    /// The first second of the first.
    pub start: u64,
    /// The first second after the last.
    pub end: u64,
}

impl Default for Calendar {
    fn default() -> Calendar {
        Calendar {
            name: None,
            zone: TimeZone::UTC,
            since: Timestamp::EPOCH,
        }
    }
}

impl Calendar {
    /// The calendar of a zone, if one is named, since a moment.
    pub fn of(name: Option<&str>, since: Timestamp) -> Calendar {
        let zone = name.and_then(|name| Some((name, ZONES.get(name).ok()?)));
        match zone {
            Some((name, zone)) if zone != TimeZone::UTC && !is_utc(name) => Calendar {
                name: Some(name.to_owned()),
                zone,
                since,
            },
            _ => Calendar::default(),
        }
    }

    /// Whether its days are UTC's.
    pub fn is_utc(&self) -> bool {
        self.name.is_none()
    }

    /// The window of a period that a moment lies in; of a balance, and of a total, all of time.
    pub fn window(&self, period: CapPeriod, at: Timestamp) -> Window {
        let days = |first: Date, span: Span| Window {
            start: self.start(first),
            end: first
                .checked_add(span)
                .map_or(Timestamp::FAR, |next| self.start(next)),
        };
        let today = self.date(at);
        let month = today.first_of_month();
        match period {
            CapPeriod::Hourly => {
                let start = start_of(HOUR, at);
                Window {
                    start,
                    end: start.plus(Duration::from_secs(HOUR)),
                }
            }
            CapPeriod::Daily => days(today, 1.day()),
            CapPeriod::Weekly => {
                let past = today.weekday().since(Weekday::Monday);
                days(ago(today, i64::from(past).days()), 1.week())
            }
            CapPeriod::Monthly => days(month, 1.month()),
            CapPeriod::Quarterly => {
                let past = month.month().saturating_sub(1).checked_rem(3).unwrap_or(0);
                days(ago(month, i64::from(past).months()), 3.months())
            }
            CapPeriod::LastDays(count) => {
                let past = i64::from(count).saturating_sub(1);
                Window {
                    start: self.start(ago(today, past.days())),
                    ..days(today, 1.day())
                }
            }
            CapPeriod::Total | CapPeriod::Balance => Window {
                start: Timestamp::EPOCH,
                end: Timestamp::FAR,
            },
        }
    }

    /// When a cap of a period has more again: the end of its window; never of one without a period.
    pub fn resets_at(&self, period: CapPeriod, now: Timestamp) -> Timestamp {
        self.window(period, now).end
    }

    /// The sums that make up a window of a period. If it began before the calendar was the scope's, they
    /// are the UTC days that it touches: what was spent is never missed, and a part of a day may count too
    /// much.
    pub fn sums(&self, period: CapPeriod, window: Window) -> SumSpan {
        let span = |kind, start: Timestamp| SumSpan {
            kind,
            start: start.secs(),
            end: window.end.secs(),
        };
        match (&self.name, period) {
            (_, CapPeriod::Hourly) => span(HOURS.into(), window.start),
            (Some(name), _) if window.start >= self.settled_at() => {
                span(days_of(name), window.start)
            }
            _ => span(DAYS.into(), start_of(DAY, window.start)),
        }
    }

    /// The day of the zone that a moment lies in, as its sum is found; `None` of UTC's.
    pub fn day(&self, at: Timestamp) -> Option<(Cow<'static, str>, u64)> {
        let name = self.name.as_ref()?;
        Some((days_of(name), self.start(self.date(at)).secs()))
    }

    /// The first day whose sums are whole.
    pub fn settled_at(&self) -> Timestamp {
        if self.since == Timestamp::EPOCH {
            return Timestamp::EPOCH;
        }
        self.window(CapPeriod::Daily, self.since.plus(SETTLING)).end
    }

    fn date(&self, at: Timestamp) -> Date {
        let secs = i64::try_from(at.secs()).unwrap_or(i64::MAX);
        let at = jiff::Timestamp::from_second(secs).unwrap_or(jiff::Timestamp::MAX);
        self.zone.to_datetime(at).date()
    }

    /// The first moment of a day: after a gap, if midnight is in one.
    fn start(&self, date: Date) -> Timestamp {
        let start = date.to_zoned(self.zone.clone());
        let secs = start.map_or(i64::MAX, |start| start.timestamp().as_second());
        let secs = u64::try_from(secs).unwrap_or(0);
        Timestamp::from_secs(secs).min(Timestamp::FAR)
    }
}

fn is_utc(name: &str) -> bool {
    ["UTC", "Etc/UTC"]
        .iter()
        .any(|utc| name.eq_ignore_ascii_case(utc))
}

/// The name of sums of the days of a zone.
fn days_of(zone: &str) -> Cow<'static, str> {
    Cow::Owned(format!("{DAYS}@{zone}"))
}

fn ago(date: Date, span: Span) -> Date {
    date.checked_sub(span).unwrap_or(Date::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn window(zone: Option<&str>, period: CapPeriod, now: &str) -> [String; 2] {
        let calendar = Calendar::of(zone, Timestamp::EPOCH);
        let window = calendar.window(period, at(now));
        [window.start, window.end].map(Timestamp::to_rfc3339)
    }

    #[test]
    fn windows_follow_the_calendar_through_a_leap_year() {
        let noon = "2028-02-29T12:34:56Z";
        for (period, expected) in [
            (
                CapPeriod::Hourly,
                ["2028-02-29T12:00:00Z", "2028-02-29T13:00:00Z"],
            ),
            (
                CapPeriod::Daily,
                ["2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"],
            ),
            (
                CapPeriod::Weekly,
                ["2028-02-28T00:00:00Z", "2028-03-06T00:00:00Z"],
            ),
            (
                CapPeriod::Monthly,
                ["2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"],
            ),
            (
                CapPeriod::Quarterly,
                ["2028-01-01T00:00:00Z", "2028-04-01T00:00:00Z"],
            ),
            (
                CapPeriod::LastDays(30),
                ["2028-01-31T00:00:00Z", "2028-03-01T00:00:00Z"],
            ),
        ] {
            assert_eq!(window(None, period, noon), expected, "{period:?}");
        }
        let total = Calendar::default().window(CapPeriod::Total, at(noon));
        assert_eq!((total.start, total.end), (Timestamp::EPOCH, Timestamp::FAR));
    }

    #[test]
    fn a_zones_day_begins_at_its_midnight_and_may_have_23_or_25_hours() {
        let of = |zone, now| window(Some(zone), CapPeriod::Daily, now);
        let india = of("Asia/Kolkata", "2026-03-15T19:00:00Z");
        assert_eq!(india, ["2026-03-15T18:30:00Z", "2026-03-16T18:30:00Z"]);
        // Clocks go forward on 2026-03-29 and back on 2026-10-25.
        let spring = of("Europe/Berlin", "2026-03-29T12:00:00Z");
        assert_eq!(spring, ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"]);
        let autumn = of("Europe/Berlin", "2026-10-25T12:00:00Z");
        assert_eq!(autumn, ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"]);
        // In Cairo clocks go forward at midnight: the day begins at 1:00.
        let gap = of("Africa/Cairo", "2026-04-24T12:00:00Z");
        assert_eq!(gap, ["2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"]);
        let month = window(
            Some("America/New_York"),
            CapPeriod::Monthly,
            "2026-04-01T03:00:00Z",
        );
        assert_eq!(month, ["2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"]);
    }

    #[test]
    fn what_was_spent_before_a_zone_was_set_counts_by_the_days_of_utc() {
        let calendar = Calendar::of(Some("Asia/Kolkata"), at("2026-03-15T10:00:00Z"));
        assert_eq!(calendar.settled_at().to_rfc3339(), "2026-03-15T18:30:00Z");
        let sums = |period, now: &str| {
            let window = calendar.window(period, at(now));
            let span = calendar.sums(period, window);
            (span.kind, Timestamp::from_secs(span.start).to_rfc3339())
        };
        let utc = |start: &str| (Cow::Borrowed(DAYS), start.to_owned());
        let own = |start: &str| (Cow::Borrowed("daily@Asia/Kolkata"), start.to_owned());
        let before = sums(CapPeriod::Daily, "2026-03-15T11:00:00Z");
        assert_eq!(before, utc("2026-03-14T00:00:00Z"));
        let after = sums(CapPeriod::Daily, "2026-03-15T19:00:00Z");
        assert_eq!(after, own("2026-03-15T18:30:00Z"));
        let month = sums(CapPeriod::Monthly, "2026-03-20T00:00:00Z");
        assert_eq!(month, utc("2026-02-28T00:00:00Z"));
        let next = sums(CapPeriod::Monthly, "2026-04-20T00:00:00Z");
        assert_eq!(next, own("2026-03-31T18:30:00Z"));
    }

    #[test]
    fn a_zone_has_the_name_that_the_database_gives_it() {
        assert_eq!(zone_name("europe/berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(zone_name("Mars/Olympus"), None);
        assert!(Calendar::of(Some("UTC"), Timestamp::EPOCH).is_utc());
    }
}
