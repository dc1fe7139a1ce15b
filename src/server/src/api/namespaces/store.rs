//! Checking and storing a changed namespace.

use crate::api::owners::may_set;
use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::policy::Catalog;
use paddock_core::timestamp::Timestamp;
use paddock_ledger::model::Namespace;
use paddock_ledger::model::audit::Change;
use paddock_ledger::model::hierarchy::{Parent, violations};
use paddock_ledger::model::owners::NamespaceChange;
use paddock_ledger::model::scope::Scope;
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::rules::credits;
use paddock_ledger::store::{StoreError, Tx, namespaces};

/// Stores a changed namespace: what changed, for the audit, and the namespace as it is now.
///
/// # Errors
/// 403 if only the operator may change it like that.
pub(super) async fn update(
    edit: &mut Edit,
    before: &NamespaceContext,
    mut namespace: Namespace,
    action: &'static str,
) -> Result<(Change, Namespace), ApiError> {
    let owned = NamespaceChange {
        organization: &before.organization,
        before: &before.namespace,
        after: &namespace,
    };
    may_set(edit.author(), &owned)?;
    let former = &before.namespace;
    if namespace.time_zone != former.time_zone || namespace.organization != former.organization {
        namespace.calendar_since = edit.now;
    }
    namespace.revision = edit.revision;
    namespace.updated_at = edit.now;
    namespaces::update(&mut edit.tx, &namespace).await?;
    let change = before.change(action, &namespace.name);
    let change = change.before(&before.namespace).after(&namespace);
    Ok((change, namespace))
}

/// Makes sure that a prepaid namespace has an account.
pub(super) async fn open_account(
    tx: &mut Tx,
    namespace: &Namespace,
    now: Timestamp,
) -> Result<(), StoreError> {
    if namespace.prepaid {
        let scope = Scope::Namespace(namespace.name.clone());
        credits::open(tx, &scope, &namespace.organization, now).await?;
    }
    Ok(())
}

/// Checks that a namespace's limits fit into its organization's.
///
/// # Errors
/// 400 with every violation.
pub(super) fn check(context: &NamespaceContext, catalog: &Catalog) -> Result<(), ApiError> {
    let parent = Parent {
        word: "organization",
        limits: &context.above,
        allowed_models: context.organization.allowed_models.as_deref(),
        // Namespaces may together be promised more than the organization has: its cap holds.
        assigned: (Money::ZERO, Money::ZERO),
    };
    let namespace = &context.namespace;
    let models = namespace.allowed_models.as_deref();
    let mut violations = violations(&parent, &namespace.limits, models, catalog);
    let limit = context.limits.monthly_quota;
    if let Some(quota) = namespace.user_monthly_quota.filter(|quota| *quota > limit) {
        violations.push(format!(
            "User monthly quota {quota} exceeds team limit of {limit}"
        ));
    }
    match violations.is_empty() {
        true => Ok(()),
        false => Err(ApiError::violations(violations, "")),
    }
}
