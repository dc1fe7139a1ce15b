//! The member a key belongs to: its role is never wider than theirs.

use crate::http::error::ApiError;
use paddock_core::policy::Role;
use paddock_ledger::model::{Key, Member};
use paddock_ledger::rules::context::NamespaceContext;
use paddock_ledger::store::{Tx, members};

/// The member of a namespace that a user is.
///
/// # Errors
/// 404 if they are none.
pub(super) async fn of_user(
    tx: &mut Tx,
    context: &NamespaceContext,
    user: &str,
) -> Result<Member, ApiError> {
    let member = members::of_user(tx, &context.namespace.name, user).await?;
    member.ok_or_else(|| ApiError::not_found("member", user))
}

/// The role of a member's new key: the one that was sent. By default `developer`, or the member's role
/// if that is narrower.
///
/// # Errors
/// 400 if the role that was sent is wider than the member's.
pub(super) fn role_of(member: &Member, sent: Option<Role>) -> Result<Role, ApiError> {
    let role = sent.unwrap_or_else(|| Role::default().max(member.role));
    fits(member, role)?;
    Ok(role)
}

/// Checks that the role of a changed key is no wider than its member's, and that a key that is enabled
/// has a member who was not removed.
///
/// # Errors
/// 400 otherwise.
pub(super) async fn check(tx: &mut Tx, before: &Key, key: &Key) -> Result<(), ApiError> {
    let Some(member) = &key.member else {
        return Ok(());
    };
    let Some(member) = members::find(tx, &member.id).await? else {
        return Ok(());
    };
    if key.enabled && !before.enabled && member.is_removed {
        let violation = format!(
            "Cannot enable a key of '{}' - not a member of '{}' any more",
            member.user_id, member.namespace
        );
        let note = " Create a key for a present member instead.";
        return Err(ApiError::violations(vec![violation], note));
    }
    if key.role == before.role {
        return Ok(());
    }
    fits(&member, key.role)
}

fn fits(member: &Member, role: Role) -> Result<(), ApiError> {
    if !role.is_wider_than(member.role) {
        return Ok(());
    }
    let violation = format!(
        "Cannot assign role '{}' - wider than the member's '{}'",
        role.name(),
        member.role.name()
    );
    Err(ApiError::violations(vec![violation], ""))
}
