//! Rates, concurrency and budgets at every level: all scopes of a request are debited, or none.

mod bucket;
mod debit;
mod record;
mod reservation;
mod seats;
mod throttle;

pub use bucket::{Bucket, BucketState, BucketView};
pub use debit::{Ask, Budgeting, Denial, RateKind, RateView, Scope, Terms, WhenShort};
pub(crate) use record::LAYOUT;
pub use record::ScopeRecord;
pub use reservation::{Denied, Reservation, Settled, admit, view};
pub(crate) use seats::seat_of;
pub use seats::take_seat;
pub use throttle::{Lane, Throttle};

#[cfg(test)]
mod tests;
