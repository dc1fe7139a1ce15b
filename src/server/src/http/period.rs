//! Moments in query strings.

use super::error::ApiError;
use super::query::Parameters;
use paddock_core::timestamp::Timestamp;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime};

/// Which end of a period a moment is: a day named as the end belongs to the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The first moment.
    Start,
    /// The first moment after it.
    End,
}

/// Takes a moment: RFC 3339, or a UTC day like `2026-03-15`.
///
/// # Errors
/// Where it is something else.
pub fn moment(
    query: &mut Parameters,
    name: &str,
    edge: Edge,
) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = query.take(name) else {
        return Ok(None);
    };
    let found = read(&text, edge).ok_or_else(|| {
        let message = format!(
            "'{name}' must be a day like 2026-03-15 or a moment like 2026-03-15T12:00:00Z."
        );
        ApiError::invalid(name, message)
    })?;
    Ok(Some(found))
}

fn read(text: &str, edge: Edge) -> Option<Timestamp> {
    // The parser of days takes moments too.
    let day = Date::parse(text, &Iso8601::DATE).ok();
    if let Some(day) = day.filter(|_| !text.contains('T')) {
        let start = timestamp(day.midnight().assume_utc())?;
        return Some(match edge {
            Edge::Start => start,
            Edge::End => start.end_of_day(),
        });
    }
    // A plus that nobody escaped is a blank in a query.
    timestamp(OffsetDateTime::parse(&text.replace(' ', "+"), &Rfc3339).ok()?)
}

fn timestamp(at: OffsetDateTime) -> Option<Timestamp> {
    let nanos = i64::try_from(at.unix_timestamp_nanos()).ok()?;
    Some(Timestamp::from_nanos(u64::try_from(nanos).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_read_and_an_end_day_is_included() {
        let text = |text: &str, edge: Edge| read(text, edge).map(Timestamp::to_rfc3339);
        let start = Some("2028-02-29T00:00:00Z".to_owned());
        assert_eq!(text("2028-02-29", Edge::Start), start);
        let end = Some("2028-03-01T00:00:00Z".to_owned());
        assert_eq!(text("2028-02-29", Edge::End), end);
        let moment = Some("2028-02-29T10:00:00Z".to_owned());
        assert_eq!(text("2028-02-29T12:00:00+02:00", Edge::End), moment);
        assert_eq!(text("2028-02-29T12:00:00 02:00", Edge::End), moment);
        for bad in ["", "yesterday", "2028-02-30", "1969-12-31", "9999-01-01"] {
            assert_eq!(text(bad, Edge::Start), None, "{bad}");
        }
    }
}
