//! Rates, concurrency and budgets at every level: all scopes of a request are debited, or none.

mod ask;
mod bucket;
mod debit;
mod rate_view;
mod record;
mod reservation;
mod scope;
mod seats;
mod throttle;

pub use ask::{Ask, Budgeting, RateKind, Terms, WhenShort};
pub use bucket::{Bucket, BucketState, BucketView};
pub use debit::Denial;
pub use rate_view::RateView;
pub(crate) use record::LAYOUT;
pub use record::ScopeRecord;
pub use reservation::{Denied, Reservation, Settled, admit, view};
pub use scope::Scope;
pub(crate) use seats::seat_of;
pub use seats::take_seat;
pub use throttle::{Lane, Throttle};

#[cfg(test)]
mod tests;
