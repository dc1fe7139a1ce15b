//! Quotas that are changed for a while and come back by themselves.

use crate::domain::audit::{self, Actor, Change, Snapshot};
use crate::store::{Store, StoreError, Tx, namespaces, policy, quota_overrides};
use paddock_core::money::Money;
use paddock_core::policy::Limits;
use paddock_core::timestamp::Timestamp;
use serde_json::{Value, json};

/// A change of a namespace's quotas that ends. The namespace has the quotas in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaOverride {
    /// The namespace.
    pub namespace: String,
    /// Why, in the words of whoever changed them.
    pub reason: String,
    /// The monthly cap that comes back; absent where it was not changed.
    pub monthly_before: Option<Option<Money>>,
    /// The daily cap that comes back; absent where it was not changed.
    pub daily_before: Option<Option<Money>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl QuotaOverride {
    /// Changes `limits` for a while. What an earlier override has changed already comes back as it
    /// was before that one.
    pub fn apply(
        self,
        earlier: Option<&QuotaOverride>,
        limits: &mut Limits,
        monthly: Option<Option<Money>>,
        daily: Option<Option<Money>>,
    ) -> QuotaOverride {
        let first = |earlier: Option<Option<Money>>, changed: bool, present: Option<Money>| {
            earlier.or(changed.then_some(present))
        };
        let monthly_before = first(
            earlier.and_then(|earlier| earlier.monthly_before),
            monthly.is_some(),
            limits.monthly_quota,
        );
        let daily_before = first(
            earlier.and_then(|earlier| earlier.daily_before),
            daily.is_some(),
            limits.daily_quota,
        );
        limits.monthly_quota = monthly.unwrap_or(limits.monthly_quota);
        limits.daily_quota = daily.unwrap_or(limits.daily_quota);
        QuotaOverride {
            monthly_before,
            daily_before,
            ..self
        }
    }

    /// Brings back what was.
    pub fn revert(&self, limits: &mut Limits) {
        limits.monthly_quota = self.monthly_before.unwrap_or(limits.monthly_quota);
        limits.daily_quota = self.daily_before.unwrap_or(limits.daily_quota);
    }

    /// What is left of it after somebody changed the quotas named for good.
    fn without(self, monthly: bool, daily: bool) -> QuotaOverride {
        QuotaOverride {
            monthly_before: self.monthly_before.filter(|_| !monthly),
            daily_before: self.daily_before.filter(|_| !daily),
            ..self
        }
    }
}

impl Snapshot for QuotaOverride {
    fn snapshot(&self) -> Value {
        json!({
            "quota_override_reason": self.reason,
            "override_expires_at": self.expires_at.to_rfc3339(),
        })
    }
}

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
