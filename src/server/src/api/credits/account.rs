//! A prepaid account, and the way of a payment into it.

use super::body::Payment;
use super::view::EntryView;
use crate::api::prelude::*;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::credits::{self, CreditRequest, Credited, MAX_TOTAL};
use paddock_ledger::store::{Tx, namespaces, organizations};

/// Whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// A namespace or an organization.
    pub scope: Scope,
    /// Whether it is prepaid.
    pub is_prepaid: bool,
    /// Its organization.
    pub organization: String,
}

impl Owner {
    /// The owner of that name, within the caller's reach.
    ///
    /// # Errors
    /// 404 if it is not there, or of another organization.
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

/// Pays in, each reference once.
///
/// # Errors
/// 404 if the account is not the caller's, 409 if the reference is another entry's, 400 if the sum of
/// the account's entries would be too large.
pub async fn pay(
    app: &SharedApp,
    by: &Author,
    payment: Payment,
) -> Result<(StatusCode, Json<EntryView>), ApiError> {
    let mut edit = Edit::begin(app, by).await?;
    let owner = Owner::find(&mut edit.tx, by, payment.scope).await?;
    let wish = CreditRequest {
        scope: owner.scope,
        organization: owner.organization,
        reference: payment.reference,
        kind: payment.kind,
        amount: payment.amount,
        original_amount: payment.original_amount,
        currency: payment.currency,
        rate: payment.rate,
    };
    match credits::credit(&mut edit.tx, &wish, edit.revision, &by.actor).await? {
        Credited::Made(entry) => {
            edit.commit_recorded().await?;
            tracing::info!(scope = %entry.scope, entry = entry.id, "paid in");
            Ok((StatusCode::CREATED, Json(EntryView::from(&entry))))
        }
        Credited::Found(entry) => Ok((StatusCode::CREATED, Json(EntryView::from(&entry)))),
        Credited::Differs(entry) => Err(ApiError::conflict(format!(
            "The reference '{}' is another entry's, of {} for {}: its kind or amount differs. Choose \
             another reference, or send what was sent before.",
            entry.reference, entry.amount, entry.scope
        ))),
        Credited::TooMuch(total) => Err(ApiError::invalid(
            "amount_usd",
            format!(
                "All entries of {} together are {total}: with this one they would pass {MAX_TOTAL}, \
                 up or down, which is the most.",
                wish.scope
            ),
        )),
    }
}
