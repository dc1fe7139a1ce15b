//! What is stored of prepaid balances: accounts, their entries, currencies and auto-refill.

pub mod account;
pub mod auto_refill;
pub mod currency;

use crate::model::audit::Snapshot;
use crate::model::scope::Scope;
use currency::Rate;
use paddock_core::money::Money;
use paddock_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Why money is paid in: it was paid for (`top_up`), given (`grant`), or a balance is put right
/// (`adjustment`, which may be negative).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CreditKind)]
pub enum EntryKind {
    /// It was paid for.
    TopUp,
    /// It was given.
    Grant,
    /// Something is put right; the amount may be negative.
    Adjustment,
}

/// One entry of an account. Entries are never changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditEntry {
    /// `crd_…`.
    pub id: String,
    /// The account's id.
    pub account: String,
    /// Its place in the account, from 1.
    pub number: u64,
    /// Whose account it is: a namespace or an organization.
    pub scope: Scope,
    /// The organization of it, in which references are unique.
    pub organization: String,
    /// What the author calls the entry: the same reference is the same entry.
    pub reference: String,
    /// Why.
    pub kind: EntryKind,
    /// How much, in dollars.
    pub amount: Money,
    /// How much, in billionths of the currency.
    pub original_amount: i64,
    /// The currency it was said in: three capital letters.
    pub currency: String,
    /// What a unit of that was worth.
    pub rate: Rate,
    /// The id of the key that made it, `operator`, `credits-hook` or `auto-refill`.
    pub author: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Snapshot for CreditEntry {
    fn snapshot(&self) -> Value {
        json!({
            "id": self.id,
            "scope": self.scope.to_string(),
            "reference": self.reference,
            "kind": self.kind,
            "amount_usd": self.amount.to_dollars(),
            "currency": self.currency,
            "exchange_rate": self.rate.to_dollars(),
        })
    }
}
