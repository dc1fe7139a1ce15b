//! What is sent about credits.

#![expect(
    dead_code,
    reason = "the shapes alone are looked at: `Fields` reads what is sent"
)]

use crate::openapi::words::{CreditKind, Name, Text};
use utoipa::ToSchema;

/// Money to pay in: into the account of a namespace or of an organization; of dollars, or of another
/// currency.
#[derive(ToSchema)]
#[schema(example = json!({
    "namespace": "search", "amount_usd": 20.0, "kind": "top_up", "reference": "invoice-17",
}))]
pub struct CreateCredit {
    /// Whose account it is.
    #[schema(value_type = Option<Name>)]
    namespace: Option<String>,
    /// Whose account it is, where it is no namespace's.
    #[schema(value_type = Option<Name>)]
    organization: Option<String>,
    /// US dollars. Only an `adjustment` may be negative; nothing is 0.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    amount_usd: Option<f64>,
    /// Instead of `amount_usd`: how much of `currency`.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    amount: Option<f64>,
    /// A currency whose rate the operator has configured.
    #[schema(pattern = "^[A-Za-z]{3}$", example = "EUR")]
    currency: Option<String>,
    /// Why.
    #[schema(value_type = CreditKind)]
    kind: String,
    /// What the caller calls the entry: the same reference again is the same entry. Unique in an
    /// organization.
    #[schema(value_type = Text)]
    reference: String,
}
