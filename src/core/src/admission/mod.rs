//! Rates, concurrency and budgets at every level: all scopes of a request are debited, or none.
//!
//! HTTP must be absent: who asks, for which model, and in which words is decided above.

mod ask;
mod awaited;
mod debit;
mod grants;
mod hold;
mod in_force;
mod place;
mod pools;
mod rate_view;
mod record;
mod scope;
mod shared_records;
mod sharing;
mod throttle;

pub use ask::{Ask, Budgeting, RateKind, Sharing, Terms, WhenShort};
pub use awaited::await_money;
pub use debit::ScopeDenial;
pub use grants::Grants;
pub use hold::{Denied, Hold, Settled};
pub use place::{place_hold, view, would_admit};
pub use rate_view::RateView;
pub(crate) use record::LAYOUT;
pub use record::ScopeRecord;
pub use scope::Scope;
pub use shared_records::assign_record;
pub(crate) use shared_records::record_of;
pub use sharing::LONGEST_WAIT;
pub use throttle::{RateTier, Throttle};

#[cfg(test)]
mod tests;
