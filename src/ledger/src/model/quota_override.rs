//! A temporary override of a namespace's quotas.

use crate::model::audit::Snapshot;
use paddock_core::money::Money;
use paddock_core::policy::Limits;
use paddock_core::timestamp::Timestamp;
use serde_json::{Value, json};

/// A change of a namespace's quotas that ends. The namespace has the quotas in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaOverride {
    /// The namespace.
    pub namespace: String,
    /// Why, as the caller gave it.
    pub reason: String,
    /// The monthly cap that comes back; absent if it was not changed.
    pub monthly_before: Option<Option<Money>>,
    /// The daily cap that comes back; absent if it was not changed.
    pub daily_before: Option<Option<Money>>,
    /// When it was created.
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
    pub(crate) fn without(self, monthly: bool, daily: bool) -> QuotaOverride {
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
