//! What is to be paid in, as a caller says it, and its way into the ledger.

use super::view::EntryView;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::state::SharedApp;
use axum::Json;
use axum::http::StatusCode;
use paddock_core::money::Money;
use paddock_ledger::model::audit::Actor;
use paddock_ledger::model::credits::EntryKind;
use paddock_ledger::model::credits::currency::{DOLLARS, Rate};
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::credits::{self, CreditRequest, Credited, MAX_TOTAL};
use paddock_ledger::store::{Tx, namespaces, organizations, policy};

/// Whose account is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// A namespace or an organization.
    pub scope: Scope,
    /// Whether it is prepaid.
    pub is_prepaid: bool,
    /// The organization of it.
    pub organization: String,
}

impl Owner {
    /// The owner of that name, within the caller's reach.
    pub async fn find(tx: &mut Tx, caller: &Caller, scope: Scope) -> Result<Owner, ApiError> {
        let (found, missing) = match &scope {
            Scope::Organization(name) => {
                let found = organizations::find(tx, name).await?;
                let found = found.map(|found| (found.prepaid, found.name));
                (found, ApiError::not_found("organization", name))
            }
            Scope::Namespace(name) => {
                let found = namespaces::find(tx, name).await?;
                let found = found.map(|found| (found.prepaid, found.organization));
                (found, ApiError::not_found("namespace", name))
            }
            other => (None, ApiError::not_found("account", &other.to_string())),
        };
        let found = found.filter(|(_, organization)| caller.owns(organization));
        let (is_prepaid, organization) = found.ok_or(missing)?;
        Ok(Owner {
            scope,
            is_prepaid,
            organization,
        })
    }
}

/// A caller's words, read.
#[derive(Clone, Debug)]
pub struct Request {
    scope: Scope,
    reference: String,
    kind: EntryKind,
    amount: Money,
    original_amount: i64,
    currency: String,
    rate: Rate,
}

impl Request {
    /// Reads `{namespace|organization, amount_usd | amount and currency, kind, reference}`.
    pub fn read(app: &SharedApp, mut fields: Fields) -> Result<Request, ApiError> {
        let namespace = fields.text("namespace")?.flatten();
        let organization = fields.text("organization")?.flatten();
        let scope = match (namespace, organization) {
            (Some(name), None) => Scope::Namespace(name),
            (None, Some(name)) => Scope::Organization(name),
            (Some(_), Some(_)) => {
                let message = "Name a 'namespace' or an 'organization', not both: each has an \
                               account of its own.";
                return Err(ApiError::invalid("organization", message));
            }
            (None, None) => {
                let message = "Missing required parameter: 'namespace', or 'organization'.";
                return Err(ApiError::invalid("namespace", message));
            }
        };
        let reference = fields.required_text("reference")?;
        let Some(kind) = fields.word::<EntryKind>("kind", &EntryKind::NAMES)? else {
            let names = EntryKind::NAMES.join(", ");
            let message = format!("Missing required parameter: 'kind', one of {names}.");
            return Err(ApiError::invalid("kind", message));
        };
        let (field, original_amount, currency, rate) = amount(app, &mut fields)?;
        fields.finish()?;
        let too_large = || ApiError::invalid(field, format!("'{field}' is too large."));
        let amount = rate.to_money(original_amount).ok_or_else(too_large)?;
        if amount.nanos().unsigned_abs() > MAX_TOTAL.nanos().unsigned_abs() {
            return Err(too_large());
        }
        if kind != EntryKind::Adjustment && !amount.is_positive() {
            let message = format!(
                "'{field}' must be above 0. What takes money away is of the kind 'adjustment'."
            );
            return Err(ApiError::invalid(field, message));
        }
        if amount == Money::ZERO {
            let message = format!("'{field}' must not be 0.");
            return Err(ApiError::invalid(field, message));
        }
        Ok(Request {
            scope,
            reference,
            kind,
            amount,
            original_amount,
            currency,
            rate,
        })
    }

    /// Whose account is meant.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Pays in, each reference once.
    pub async fn enter(
        self,
        app: &SharedApp,
        caller: &Caller,
        actor: &Actor,
    ) -> Result<(StatusCode, Json<EntryView>), ApiError> {
        let mut tx = app.store.write().await?;
        let revision = policy::next_revision(&mut tx).await?;
        let owner = Owner::find(&mut tx, caller, self.scope).await?;
        let wish = CreditRequest {
            scope: owner.scope,
            organization: owner.organization,
            reference: self.reference,
            kind: self.kind,
            amount: self.amount,
            original_amount: self.original_amount,
            currency: self.currency,
            rate: self.rate,
        };
        match credits::credit(&mut tx, &wish, revision, actor).await? {
            Credited::Made(entry) => {
                tx.commit().await?;
                tracing::info!(scope = %entry.scope, entry = entry.id, "paid in");
                Ok((StatusCode::CREATED, Json(EntryView::from(&entry))))
            }
            Credited::Found(entry) => Ok((StatusCode::CREATED, Json(EntryView::from(&entry)))),
            Credited::Differs(entry) => Err(ApiError::conflict(format!(
                "The reference '{}' is that of another entry, of {} for {}, kind or amount of \
                 which differ. Choose another reference, or send what was sent before.",
                entry.reference, entry.amount, entry.scope
            ))),
            Credited::TooMuch(total) => Err(ApiError::invalid(
                "amount_usd",
                format!(
                    "All entries of {} together are {total}: with this one they would be more \
                     than {MAX_TOTAL}, up or down, which is the most.",
                    wish.scope
                ),
            )),
        }
    }
}

/// How much: the field that said so, the billionths, the currency and its rate.
fn amount(
    app: &SharedApp,
    fields: &mut Fields,
) -> Result<(&'static str, i64, String, Rate), ApiError> {
    let dollars = fields.amount("amount_usd")?.flatten();
    let other = fields.amount("amount")?.flatten();
    let currency = fields.text("currency")?.flatten();
    match (dollars, other, currency) {
        (Some(amount), None, None) => Ok(("amount_usd", amount, DOLLARS.to_owned(), Rate::ONE)),
        (None, Some(amount), Some(currency)) => {
            let (code, rate) = super::view::known(app, &currency)?;
            Ok(("amount", amount, code, rate))
        }
        _ => {
            let message = "Say how much: 'amount_usd', or 'amount' and its 'currency'.";
            Err(ApiError::invalid("amount_usd", message))
        }
    }
}
