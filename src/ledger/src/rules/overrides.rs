//! Quotas that are changed for a while and come back by themselves.

use crate::model::audit::{Actor, Change};
use crate::rules::audit;
use crate::store::{Store, StoreError, Tx, namespaces, policy, quota_overrides};
use paddock_core::timestamp::Timestamp;

/// Notes that quotas of a namespace were changed for good: they do not come back.
///
/// # Errors
/// Where the database refuses.
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

/// Brings back the quotas whose time has come. Called before every request is looked at, so that
/// none finds them otherwise, however long the service was away.
///
/// # Errors
/// Where the database refuses.
pub async fn revert_due(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut tx = store.read().await?;
    if quota_overrides::due(&mut tx, now).await?.is_empty() {
        return Ok(());
    }
    drop(tx);
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
            "quotas came back"
        );
    }
    if due.is_empty() {
        return Ok(());
    }
    tx.commit().await
}
