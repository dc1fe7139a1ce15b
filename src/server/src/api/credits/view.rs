//! Entries and balances, as they are answered.

use crate::http::error::ApiError;
use crate::openapi::words;
use crate::state::App;
use paddock_core::money::Money;
use paddock_ledger::model::credits::currency::{Rate, code};
use paddock_ledger::model::credits::{CreditEntry, EntryKind};
use paddock_ledger::model::scope::Scope;
use serde::Serialize;
use utoipa::ToSchema;

/// An entry in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Credit)]
pub struct EntryView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// Whose account it is in; absent where it is the organization's own.
    namespace: Option<String>,
    /// The organization of it.
    organization: String,
    /// Why it was paid in.
    #[schema(value_type = words::CreditKind)]
    kind: EntryKind,
    /// US dollars.
    amount_usd: f64,
    /// As it was said, in the currency it was said in.
    amount: f64,
    /// The currency it was said in.
    currency: String,
    /// Dollars that a unit of the currency was worth.
    exchange_rate: f64,
    /// What its author calls it.
    reference: String,
    /// Who made it: a key's id, `operator`, `credits-hook` or `auto-refill`.
    author: String,
    /// When it was made.
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

/// A currency by its code in any case, with its rate.
pub(super) fn known(app: &App, text: &str) -> Result<(String, Rate), ApiError> {
    let rates = &app.config.exchange_rates;
    let found = code(text).and_then(|code| rates.of(&code).map(|rate| (code, rate)));
    found.ok_or_else(|| {
        let message = format!(
            "The currency '{text}' has no exchange rate here. Known are: {}. The operator sets \
             them with --exchange-rates.",
            rates.known()
        );
        ApiError::invalid("currency", message)
    })
}
