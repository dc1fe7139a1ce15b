//! Auto-refill of a namespace's balance.

use crate::model::audit::Snapshot;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use serde_json::{Value, json};

/// What is paid in by itself, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutoRefill {
    /// The namespace.
    pub namespace: String,
    /// A balance below this is low.
    pub below: Money,
    /// How much is paid in at once: above zero.
    pub amount: Money,
    /// No more than this is paid in by itself in a UTC calendar month.
    pub at_most_per_month: Money,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last set.
    pub updated_at: Timestamp,
}

impl Snapshot for AutoRefill {
    fn snapshot(&self) -> Value {
        json!({
            "namespace": self.namespace,
            "below_usd": self.below.to_dollars(),
            "amount_usd": self.amount.to_dollars(),
            "at_most_per_month_usd": self.at_most_per_month.to_dollars(),
        })
    }
}
