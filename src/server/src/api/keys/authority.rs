//! Who may let a key do what: nobody makes, renews or changes a key into one that may do more than they
//! may themselves.

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use paddock_core::policy::{Catalog, LimitKind, Role, role_scope};
use paddock_ledger::model::Key;
use paddock_ledger::model::rights::Rights;
use paddock_ledger::rules::context::NamespaceContext;

/// Checks that the caller may give somebody a secret of this key.
///
/// # Errors
/// 403 if they may not make keys, or if this one may do more than they may.
pub(super) fn may_issue(
    by: &Caller,
    context: &NamespaceContext,
    key: &Key,
    catalog: &Catalog,
) -> Result<(), ApiError> {
    by.may_create_keys()?;
    let rights = rights_of(context, key, catalog);
    gives_no_more(by, context, key.role, None, &rights, catalog)
}

/// Checks that the caller may make limits of a key soft that were not.
///
/// # Errors
/// 403 for all but the operator.
pub(super) fn may_soften(by: &Caller, before: &[LimitKind], key: &Key) -> Result<(), ApiError> {
    let softens = |kind: &LimitKind| !before.contains(kind);
    match by {
        Caller::Holder(_) if key.limits.soft_limits.iter().any(softens) => {
            let message = "Only the operator may set 'soft_limits' like that. An organization's admin \
                           may have a limit enforced again.";
            Err(ApiError::forbidden(message).by(format!("namespace:{}", key.namespace)))
        }
        _ => Ok(()),
    }
}

/// Checks that the caller may change a key from what it was. Disabling it and narrowing what it may spend
/// or use needs no more than to manage it: what else decides who may do what is like making a key.
///
/// # Errors
/// 403 if they may not make such a key, or not change the roles of members, or if it could then do more
/// than before in something in which it could do more than they may.
pub(super) fn may_change(
    by: &Caller,
    context: &NamespaceContext,
    before: &Key,
    key: &Key,
    catalog: &Catalog,
) -> Result<(), ApiError> {
    may_soften(by, &before.limits.soft_limits, key)?;
    let is_enabled = key.enabled && !before.enabled;
    let is_renewed = is_enabled || key.secrets != before.secrets;
    let rights = rights_of(context, key, catalog);
    let had = rights_of(context, before, catalog);
    let becomes_another = key.role != before.role || key.scopes != before.scopes;
    if is_renewed || becomes_another || !rights.wider_than(&had).is_empty() {
        by.may_create_keys()?;
    }
    if key.role != before.role && key.member.is_some() {
        by.may_manage_users()?;
    }
    // What is disabled or has expired can do nothing.
    let had = Some(&had).filter(|_| !is_renewed);
    gives_no_more(by, context, key.role, had, &rights, catalog)
}

fn rights_of(context: &NamespaceContext, key: &Key, catalog: &Catalog) -> Rights {
    Rights::of_key(key, context.organization.roles.get(&key.role), catalog)
}

fn gives_no_more(
    by: &Caller,
    context: &NamespaceContext,
    role: Role,
    had: Option<&Rights>,
    rights: &Rights,
    catalog: &Catalog,
) -> Result<(), ApiError> {
    let Caller::Holder(holder) = by else {
        return Ok(());
    };
    let own = holder.key.role;
    let organization = &context.organization;
    let maker = Rights::of_role(own, organization.roles.get(&own), catalog);
    let past = rights.gained_past(had, &maker);
    if past.is_empty() {
        return Ok(());
    }
    let message = format!(
        "The key, as '{}', could do more than your role '{}' may in your organization: {}. Narrow the \
         key to what you may do, or ask the operator.",
        role.name(),
        own.name(),
        past.join(", ")
    );
    Err(ApiError::forbidden(message).by(role_scope(&organization.name, own)))
}
