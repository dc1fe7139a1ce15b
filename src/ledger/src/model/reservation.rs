//! Money of a namespace set aside under a name.

use paddock_core::money::Money;
use paddock_core::policy::{ReservationName, ReservationPolicy};
use paddock_core::timestamp::Timestamp;

/// Money of a namespace set aside under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Its name as a scope.
    pub scope: String,
    /// Its namespace and its id.
    pub name: ReservationName,
    /// The organization of its namespace.
    pub organization: String,
    /// How often that id has been reserved, this time included.
    pub life: u64,
    /// All of it.
    pub amount: Money,
    /// What the ledger has booked against it.
    pub spent: Money,
    /// When it was approved.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it ended, as soon as somebody took note of that.
    pub ended_at: Option<Timestamp>,
}

impl Reservation {
    /// When it ends, or ended.
    pub fn ends_at(&self) -> Timestamp {
        self.ended_at.unwrap_or(self.expires_at)
    }

    /// Whether it pays for nothing more. What was once seen to have ended has, also by a clock that
    /// is behind.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.ended_at.is_some() || self.expires_at <= now
    }

    /// What is not booked of it; never negative.
    pub fn unspent(&self) -> Money {
        self.amount.saturating_sub(self.spent).or_zero()
    }

    /// The reservation as gateways know it.
    pub fn policy(&self) -> ReservationPolicy {
        ReservationPolicy {
            name: self.name.clone(),
            scope: self.scope.clone(),
            amount: self.amount,
            expires_at: self.expires_at,
        }
    }
}
