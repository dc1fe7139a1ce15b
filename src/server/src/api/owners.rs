//! Refuses to admins what only the operator may set.

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use paddock_ledger::model::owners::{NamespaceChange, beyond_admins};

/// Checks that the caller may change a namespace like that.
///
/// # Errors
/// 403 if only the operator may: it says what, and what the caller may do.
pub(super) fn may_set(by: &Caller, change: &NamespaceChange<'_>) -> Result<(), ApiError> {
    if matches!(by, Caller::Operator(_)) {
        return Ok(());
    }
    let beyond = beyond_admins(change);
    if beyond.is_empty() {
        return Ok(());
    }
    let told = beyond.iter().map(|row| {
        let fields = row.fields.join("', '");
        format!(
            "Only the operator may set '{fields}' like that. {}",
            row.within
        )
    });
    // Documents have backticks around words of the contract, refusals have quotes.
    let message = told.collect::<Vec<_>>().join(" ").replace('`', "'");
    Err(ApiError::forbidden(message).by(format!("organization:{}", change.organization.name)))
}
