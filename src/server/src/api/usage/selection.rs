//! What a series and a table of usage have in common: whose usage, of which time, in which groups.

use crate::api::prelude::*;
use crate::http::period::{CostPeriod, DayOrMoment};
use paddock_core::timestamp::Timestamp;
use paddock_ledger::rules::report::{DayRange, Period};
use paddock_ledger::store::costs::Days;
use paddock_ledger::store::usage::Selection;

/// Groups of usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// Namespaces.
    Namespace,
    /// Organizations.
    Organization,
    /// Models.
    Model,
    /// The upstreams that models are served by now.
    Upstream,
    /// Keys.
    Key,
    /// End users.
    User,
    /// The labels that keys and namespaces had when the calls were made. What has two counts under both.
    Tag,
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The groups.
    pub group_by: GroupBy,
    /// Of tags: only labels of this name.
    pub tag_key: Option<String>,
    /// Whose usage.
    pub selection: Selection,
    /// Whole hours or days.
    pub time: Days,
}

/// The time that is asked for, in `period` or by its ends.
///
/// # Errors
/// 400 if both are there, or if the end is not after the start.
pub fn time(
    period: Option<CostPeriod>,
    start: Option<DayOrMoment>,
    end: Option<DayOrMoment>,
    now: Timestamp,
) -> Result<Days, ApiError> {
    if start.is_none() && end.is_none() {
        let month = CostPeriod(DayRange::Period(Period::Days(30)));
        return Ok(period.unwrap_or(month).0.days(now));
    }
    if period.is_some() {
        let message = "'period' and 'start_date' or 'end_date' say two times: send one of them.";
        return Err(ApiError::invalid("period", message));
    }
    let until = end.map_or(now.end_of_day(), DayOrMoment::end);
    let month = Period::Days(30).start(until, Timestamp::EPOCH);
    let from = start.map_or(month, DayOrMoment::start);
    if from >= until {
        let message = "'end_date' must be after 'start_date'.";
        return Err(ApiError::invalid("end_date", message));
    }
    Ok(Days {
        start: from,
        end: until,
    })
}

impl Asked {
    /// Checks that the sums by these groups know what they are narrowed to.
    ///
    /// # Errors
    /// 400 if they do not.
    pub fn check(&self) -> Result<(), ApiError> {
        let has_no_keys = matches!(self.group_by, GroupBy::User | GroupBy::Tag);
        if has_no_keys && self.selection.key.is_some() {
            let message = "Sums by user or tag do not know keys: leave 'key' out.";
            return Err(ApiError::invalid("key", message));
        }
        if self.group_by != GroupBy::Tag && self.tag_key.is_some() {
            let message = "'tag_key' is for group_by=tag.";
            return Err(ApiError::invalid("tag_key", message));
        }
        Ok(())
    }
}
