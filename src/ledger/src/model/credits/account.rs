//! The account of one namespace or organization.

use crate::model::audit::Snapshot;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use serde_json::{Value, json};

/// An account, with the sums of what was paid in and spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// `acc_…`.
    pub id: String,
    /// Its scope: `namespace:NAME` or `organization:NAME`.
    pub scope: String,
    /// The organization it belongs to.
    pub organization: String,
    /// Calls that started before it are not paid by it.
    pub opened_at: Timestamp,
    /// Nor are those that started from then on: its namespace or organization is no more.
    pub closed_at: Option<Timestamp>,
    /// How many entries it has.
    pub entries: u64,
    /// What was paid in, all in all.
    pub credited: Money,
    /// What was booked of it.
    pub booked: Money,
}

impl Account {
    /// What is left of it; negative where corrections, or costs nobody could foresee, passed it.
    pub fn balance(&self) -> Money {
        self.credited.saturating_sub(self.booked)
    }

    /// Whether it pays for a call that started at `at`.
    pub fn pays(&self, at: Timestamp) -> bool {
        self.opened_at <= at && self.closed_at.is_none_or(|closed_at| at < closed_at)
    }
}

impl Snapshot for Account {
    fn snapshot(&self) -> Value {
        json!({
            "id": self.id,
            "scope": self.scope,
            "opened_at": self.opened_at.to_rfc3339(),
            "credited_usd": self.credited.to_dollars(),
            "spent_usd": self.booked.to_dollars(),
            "balance_usd": self.balance().to_dollars(),
        })
    }
}
