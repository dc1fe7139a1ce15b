//! Hard budgets: how much of a cap may be lent, and how a gateway spends what it was lent.
//!
//! Calendars must be absent but for the UTC days and months of a gateway's own books, and so must
//! floating-point money.

mod books;
mod lending;
mod slice;

use crate::money::Money;

pub use books::Books;
pub use lending::{Cap, LENT_SHARE, set_aside, slice, tightest};
pub use slice::{PeriodWord, RETIRED, Shortage, Slice, Unavailable};

/// Percent of `quota` that is spent, rounded down; a quota of nothing is spent from the start.
pub fn percent(spent: i64, quota: Money) -> u64 {
    let hundredfold = i128::from(spent).max(0).saturating_mul(100);
    let percent = hundredfold.checked_div(i128::from(quota.nanos()).max(0));
    percent.map_or(100, |percent| u64::try_from(percent).unwrap_or(u64::MAX))
}
