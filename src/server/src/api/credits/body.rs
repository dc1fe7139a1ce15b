//! What is sent about credits.

use crate::api::prelude::*;
use crate::http::body::values::Amount;
use paddock_core::money::Money;
use paddock_ledger::model::credits::EntryKind;
use paddock_ledger::model::credits::currency::{DOLLARS, ExchangeRates, Rate, code};
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::credits::MAX_TOTAL;

/// Money to pay in: into the account of a namespace or of an organization, in US dollars or in another
/// currency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateCredit, example = json!({
    "namespace": "search", "amount_usd": 20.0, "kind": "top_up", "reference": "invoice-17",
}))]
pub struct CreditBody {
    /// The namespace whose account it is.
    namespace: Option<Text>,
    /// The organization whose account it is, if it is not a namespace's.
    organization: Option<Text>,
    /// US dollars. Not 0; negative only for an `adjustment`.
    amount_usd: Option<Amount>,
    /// Instead of `amount_usd`: an amount of `currency`.
    amount: Option<Amount>,
    /// A currency whose rate the operator has configured.
    #[schema(pattern = "^[A-Za-z]{3}$", example = "EUR")]
    currency: Option<String>,
    /// Why it is paid in.
    kind: EntryKind,
    /// The caller's name for the entry, unique in an organization: the same reference again is the same
    /// entry.
    reference: Text,
}

/// A payment, as it was asked for.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Whose account it is.
    pub scope: Scope,
    /// The caller's name for it.
    pub reference: String,
    /// Why.
    pub kind: EntryKind,
    /// How much, in US dollars.
    pub amount: Money,
    /// How much, in billionths of the currency.
    pub original_amount: i64,
    /// The currency.
    pub currency: String,
    /// US dollars that a unit of it is worth.
    pub rate: Rate,
}

impl CreditBody {
    /// The payment it asks for.
    ///
    /// # Errors
    /// 400 if it does not name one account and one amount of a known currency, or the amount is 0,
    /// too large, or negative without being an adjustment.
    pub fn payment(self, rates: &ExchangeRates) -> Result<Payment, ApiError> {
        let scope = match (self.namespace, self.organization) {
            (Some(name), None) => Scope::Namespace(name.into()),
            (None, Some(name)) => Scope::Organization(name.into()),
            (Some(_), Some(_)) => {
                let message = "Name a 'namespace' or an 'organization', not both: each has its own \
                               account.";
                return Err(ApiError::invalid("organization", message));
            }
            (None, None) => {
                let message = "Missing required parameter: 'namespace', or 'organization'.";
                return Err(ApiError::invalid("namespace", message));
            }
        };
        let (field, original_amount, currency, rate) =
            match (self.amount_usd, self.amount, self.currency) {
                (Some(dollars), None, None) => {
                    ("amount_usd", dollars, DOLLARS.to_owned(), Rate::ONE)
                }
                (None, Some(amount), Some(currency)) => {
                    let (code, rate) = known(rates, &currency)?;
                    ("amount", amount, code, rate)
                }
                _ => {
                    let message = "Send 'amount_usd', or 'amount' and its 'currency'.";
                    return Err(ApiError::invalid("amount_usd", message));
                }
            };
        let original_amount = i64::from(original_amount);
        let too_large = || ApiError::invalid(field, format!("'{field}' is too large."));
        let amount = rate.to_money(original_amount).ok_or_else(too_large)?;
        if amount.nanos().unsigned_abs() > MAX_TOTAL.nanos().unsigned_abs() {
            return Err(too_large());
        }
        if self.kind != EntryKind::Adjustment && !amount.is_positive() {
            let message =
                format!("'{field}' must be above 0. To take money away, send an 'adjustment'.");
            return Err(ApiError::invalid(field, message));
        }
        if amount == Money::ZERO {
            let message = format!("'{field}' must not be 0.");
            return Err(ApiError::invalid(field, message));
        }
        Ok(Payment {
            scope,
            reference: self.reference.into(),
            kind: self.kind,
            amount,
            original_amount,
            currency,
            rate,
        })
    }
}

/// A currency by its code in any case, with its rate.
///
/// # Errors
/// 400 if the operator has configured none.
pub(super) fn known(rates: &ExchangeRates, text: &str) -> Result<(String, Rate), ApiError> {
    let found = code(text).and_then(|code| rates.of(&code).map(|rate| (code, rate)));
    found.ok_or_else(|| {
        let message = format!(
            "The currency '{text}' has no exchange rate here. Known are: {}. The operator sets them \
             with --exchange-rates.",
            rates.known()
        );
        ApiError::invalid("currency", message)
    })
}
