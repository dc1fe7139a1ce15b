//! An entry, as it is answered.

use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_ledger::model::credits::{CreditEntry, EntryKind};
use paddock_ledger::model::scope::Scope;

/// An entry in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Credit)]
pub struct EntryView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// Whose account it is; `null` if it is the organization's.
    namespace: Option<String>,
    /// Its organization.
    organization: String,
    /// Why it was paid in.
    kind: EntryKind,
    /// US dollars.
    amount_usd: f64,
    /// The amount that was sent, in `currency`.
    amount: f64,
    /// The currency of `amount`.
    currency: String,
    /// US dollars that a unit of the currency was worth.
    exchange_rate: f64,
    /// The caller's name for it.
    reference: String,
    /// Who created it: a key's id, `operator`, `credits-hook` or `auto-refill`.
    author: String,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&CreditEntry> for EntryView {
    fn from(entry: &CreditEntry) -> EntryView {
        let namespace = match &entry.scope {
            Scope::Namespace(name) => Some(name.clone()),
            _ => None,
        };
        EntryView {
            id: entry.id.clone(),
            object: "credit",
            namespace,
            organization: entry.organization.clone(),
            kind: entry.kind,
            amount_usd: entry.amount.to_dollars(),
            amount: Money::from_nanos(entry.original_amount).to_dollars(),
            currency: entry.currency.clone(),
            exchange_rate: entry.rate.to_dollars(),
            reference: entry.reference.clone(),
            author: entry.author.clone(),
            created_at: entry.created_at.to_rfc3339(),
        }
    }
}
