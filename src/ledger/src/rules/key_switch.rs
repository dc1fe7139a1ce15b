//! Disabling and enabling a key: for a caller, an alert or a member's removal.

use crate::model::Key;
use crate::model::audit::Actor;
use crate::rules::audit;
use crate::rules::context::NamespaceContext;
use crate::store::{StoreError, Tx, keys};

/// Switches a key and records it. The key after it; `None` if it was so already, and nothing is
/// to be committed.
pub async fn switch(
    tx: &mut Tx,
    context: &NamespaceContext,
    before: &Key,
    enabled: bool,
    revision: u64,
    actor: &Actor,
) -> Result<Option<Key>, StoreError> {
    if before.enabled == enabled {
        return Ok(None);
    }
    let mut key = before.clone();
    key.enabled = enabled;
    key.revision = revision;
    key.updated_at = actor.at;
    keys::update(tx, &key).await?;
    let action = if enabled { "key.enable" } else { "key.disable" };
    let change = context.change(action, &key.id).before(before).after(&key);
    audit::record(tx, actor, change).await?;
    Ok(Some(key))
}
