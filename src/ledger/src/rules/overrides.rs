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

/// Brings back the quotas whose time has come, before a request reads anything: so none finds them
/// otherwise, however long the service was away. Answers the transaction, or a new one that sees the
/// change.
///
/// # Errors
/// If the database does not answer.
pub async fn revert_due(store: &Store, mut tx: Tx, now: Timestamp) -> Result<Tx, StoreError> {
    if quota_overrides::due(&mut tx, now).await?.is_empty() {
        return Ok(tx);
    }
    let mut tx = store.write().await?;
    revert(&mut tx, now).await?;
    tx.commit().await?;
    store.read().await
}

/// The same within a transaction that writes.
///
/// # Errors
/// If the database does not answer.
pub async fn revert(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    if quota_overrides::due(tx, now).await?.is_empty() {
        return Ok(());
    }
    let revision = policy::next_revision(tx).await?;
    // Looked for again: another request may have been faster.
    for over in &quota_overrides::due(tx, now).await? {
        let Some(before) = namespaces::find(tx, &over.namespace).await? else {
            continue;
        };
        let mut after = before.clone();
        over.revert(&mut after.limits);
        after.revision = revision;
        after.updated_at = now;
        namespaces::update(tx, &after).await?;
        quota_overrides::remove(tx, &over.namespace).await?;
        let change = Change::new(&after.organization, "namespace.quota.revert", &after.name);
        let change = change.within(&after.name).before(&before).after(&after);
        audit::record(tx, &Actor::service(now), change).await?;
        tracing::info!(
            namespace = after.name,
            reason = over.reason,
            "a quota override ended"
        );
    }
    Ok(())
}
