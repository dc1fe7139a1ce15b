//! Temporary quota overrides: when one ends, the quotas from before come back.

use crate::model::audit::{Actor, Change};
use crate::rules::audit;
use crate::store::{Store, StoreError, Tx, namespaces, policy, quota_overrides};
use paddock_core::timestamp::Timestamp;

/// Notes that quotas of a namespace were changed permanently: they do not come back.
pub async fn supersede(
    tx: &mut Tx,
    namespace: &str,
    monthly: bool,
    daily: bool,
) -> Result<(), StoreError> {
    if !monthly && !daily {
        return Ok(());
    }
    let Some(found) = quota_overrides::find(tx, namespace).await? else {
        return Ok(());
    };
    let rest = found.without(monthly, daily);
    match (rest.monthly_before, rest.daily_before) {
        (None, None) => quota_overrides::remove(tx, namespace).await,
        _ => quota_overrides::put(tx, &rest).await,
    }
}

/// Brings back the quotas of overrides that have ended. Called before every request, so that none sees
/// an override that has ended, however long the service was away and whichever replica stored it.
/// If none has ended this is one look into an index, without a transaction.
pub async fn revert_due(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    if !quota_overrides::is_any_due(store, now).await? {
        return Ok(());
    }
    let mut tx = store.write().await?;
    let revision = policy::next_revision(&mut tx).await?;
    // Looked for again: another request may have been faster.
    let due = quota_overrides::due(&mut tx, now).await?;
    for over in &due {
        let Some(before) = namespaces::find(&mut tx, &over.namespace).await? else {
            continue;
        };
        let mut after = before.clone();
        over.revert(&mut after.limits);
        after.revision = revision;
        after.updated_at = now;
        namespaces::update(&mut tx, &after).await?;
        quota_overrides::remove(&mut tx, &over.namespace).await?;
        let change = Change::new(&after.organization, "namespace.quota.revert", &after.name);
        let change = change.within(&after.name).before(&before).after(&after);
        audit::record(&mut tx, &Actor::service(now), change).await?;
        tracing::info!(
            namespace = after.name,
            reason = over.reason,
            "a quota override ended"
        );
    }
    if due.is_empty() {
        return Ok(());
    }
    tx.commit().await
}
