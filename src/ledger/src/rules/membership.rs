//! What happens to a member's keys if the member's role shrinks or the member is removed.

use crate::model::audit::Actor;
use crate::model::{Key, Member};
use crate::rules::audit;
use crate::rules::context::NamespaceContext;
use crate::rules::key_switch;
use crate::store::{StoreError, Tx, keys, members};

/// Narrows the keys of a member that are more than the member is, and records each. Widening a
/// member later widens no key.
pub async fn narrow_keys(
    tx: &mut Tx,
    context: &NamespaceContext,
    member: &Member,
    revision: u64,
    actor: &Actor,
) -> Result<usize, StoreError> {
    let keys = keys::of_member(tx, &member.id).await?;
    let wider = keys
        .iter()
        .filter(|key| key.role.is_wider_than(member.role));
    let mut narrowed: usize = 0;
    for before in wider {
        let key = Key {
            role: member.role,
            role_quota: context.role_quota(member.role),
            revision,
            updated_at: actor.at,
            ..before.clone()
        };
        keys::update(tx, &key).await?;
        let change = context.change("key.update", &key.id);
        audit::record(tx, actor, change.before(before).after(&key)).await?;
        narrowed = narrowed.saturating_add(1);
    }
    Ok(narrowed)
}

/// Removes a member and disables their keys, and records all of it. How many keys were disabled.
pub async fn remove(
    tx: &mut Tx,
    context: &NamespaceContext,
    member: &Member,
    revision: u64,
    actor: &Actor,
) -> Result<usize, StoreError> {
    let mut disabled: usize = 0;
    for key in keys::of_member(tx, &member.id).await? {
        let switched = key_switch::switch(tx, context, &key, false, revision, actor).await?;
        disabled = disabled.saturating_add(usize::from(switched.is_some()));
    }
    members::remove(tx, &member.id, actor.at).await?;
    let change = context.change("member.delete", &member.id).before(member);
    audit::record(tx, actor, change).await?;
    Ok(disabled)
}
