//! Times in query strings.

use super::body::values::value;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::report::{DayRange, Period};
use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// A UTC day, or a moment in RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOrMoment {
    /// The first moment of a day.
    Day(Timestamp),
    /// A moment.
    Moment(Timestamp),
}

value!(
    DayOrMoment,
    "a day like 2026-03-15 or a moment like 2026-03-15T12:00:00Z",
    |value| DayOrMoment::parse(value.as_str()?),
    text()
        .pattern(Some(concat!(
            "^([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}",
            r"(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?)?$"
        )))
        .examples([json!("2026-03-15"), json!("2026-03-15T12:00:00Z")])
);

impl DayOrMoment {
    fn parse(text: &str) -> Option<DayOrMoment> {
        let day = Timestamp::parse(&format!("{text}T00:00:00Z")).map(DayOrMoment::Day);
        // A plus that was not escaped is a blank in a query.
        let moment = || Timestamp::parse(&text.replace(' ', "+")).map(DayOrMoment::Moment);
        day.or_else(moment)
    }

    /// The first moment of a period that begins here.
    pub fn start(self) -> Timestamp {
        match self {
            DayOrMoment::Day(at) | DayOrMoment::Moment(at) => at,
        }
    }

    /// The first moment after a period that ends here: a day belongs to it.
    pub fn end(self) -> Timestamp {
        match self {
            DayOrMoment::Day(at) => at.end_of_day(),
            DayOrMoment::Moment(at) => at,
        }
    }
}

/// The time a usage report covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsagePeriod(pub Period);

value!(
    UsagePeriod,
    "current_month, all, or a number of days like 7d",
    |value| Period::parse(value.as_str()?).map(UsagePeriod),
    text()
        .pattern(Some(concat!(
            "^(current_month|all|",
            "([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-5][0-9]|3660)d)?$"
        )))
        .examples([json!("7d")])
);

impl Default for UsagePeriod {
    fn default() -> UsagePeriod {
        UsagePeriod(Period::Days(7))
    }
}

/// The whole UTC days a report of costs covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostPeriod(pub DayRange);

value!(
    CostPeriod,
    "current_month, previous_month, all, or a number of days like 7d",
    |value| DayRange::parse(value.as_str()?).map(CostPeriod),
    text()
        .pattern(Some(
            "^(current_month|previous_month|all|[1-9][0-9]{0,2}d)?$"
        ))
        .examples([json!("30d")])
);

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_read_and_an_end_day_is_included() {
        let start = |text| DayOrMoment::parse(text).map(|at| at.start().to_rfc3339());
        let end = |text| DayOrMoment::parse(text).map(|at| at.end().to_rfc3339());
        assert_eq!(start("2028-02-29").as_deref(), Some("2028-02-29T00:00:00Z"));
        assert_eq!(end("2028-02-29").as_deref(), Some("2028-03-01T00:00:00Z"));
        let moment = Some("2028-02-29T10:00:00Z".to_owned());
        assert_eq!(end("2028-02-29T12:00:00+02:00"), moment);
        assert_eq!(end("2028-02-29T12:00:00 02:00"), moment);
        for bad in ["", "yesterday", "2028-02-30", "1969-12-31", "9999-01-01"] {
            assert_eq!(start(bad), None, "{bad}");
        }
    }
}
