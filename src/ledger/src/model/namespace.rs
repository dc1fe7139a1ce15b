//! Namespaces.

use super::tag_set::labels_of;
use paddock_core::money::Money;
use paddock_core::policy::{
    FailureMode, Limits, NamespacePolicy, Priority, Routing, Settings, UnknownPrice, UserQuotas,
};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;

/// One namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Its name, which is its id.
    pub name: String,
    /// The organization it belongs to.
    pub organization: String,
    /// Models its keys may use; absent means every model.
    pub allowed_models: Option<Vec<String>>,
    /// Limits its keys share.
    pub limits: Limits,
    /// The IANA time zone whose days and months its quotas, its keys' and its users' are of; absent is the
    /// organization's.
    pub time_zone: Option<String>,
    /// When its calendar last changed, or it was created.
    pub calendar_since: Timestamp,
    /// Whether the balance of its account is a cap as well.
    pub prepaid: bool,
    /// Monthly cap of each end user who has none of their own.
    pub user_monthly_quota: Option<Money>,
    /// How it behaves where its budget runs low, and what its content may be.
    pub settings: Settings,
    /// Where its requests for the model `auto` are routed.
    pub routing: Option<Routing>,
    /// Throttled until then, whatever it has spent.
    pub throttled_until: Option<Timestamp>,
    /// Its place among others.
    pub priority: Priority,
    /// Its weight among those of the same priority: 1 to 100.
    pub weight: u64,
    /// What becomes of a model without a price.
    pub unknown_price: UnknownPrice,
    /// What becomes of requests while the service is away.
    pub failure_mode: FailureMode,
    /// Whether its keys are accepted.
    pub enabled: bool,
    /// The operator's labels: a list or a map of strings.
    pub tags: Option<serde_json::Value>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The change of the policy that last touched it.
    pub revision: u64,
}

impl Namespace {
    /// A namespace that sets no limits of its own.
    pub fn new(name: String, organization: String, now: Timestamp) -> Namespace {
        Namespace {
            name,
            organization,
            allowed_models: None,
            limits: Limits::default(),
            time_zone: None,
            calendar_since: now,
            prepaid: false,
            user_monthly_quota: None,
            settings: Settings::default(),
            routing: None,
            throttled_until: None,
            priority: Priority::default(),
            weight: 1,
            unknown_price: UnknownPrice::default(),
            failure_mode: FailureMode::default(),
            enabled: true,
            tags: None,
            created_at: now,
            updated_at: now,
            revision: 0,
        }
    }

    /// The namespace as gateways know it, with the quotas its users have of their own.
    pub fn policy(&self, own: BTreeMap<String, Money>) -> NamespacePolicy {
        NamespacePolicy {
            name: self.name.clone(),
            organization: self.organization.clone(),
            allowed_models: self.allowed_models.clone(),
            limits: self.limits.clone(),
            tags: labels_of(self.tags.as_ref()),
            prepaid: self.prepaid,
            user_quotas: UserQuotas {
                monthly_quota: self.user_monthly_quota,
                own,
            },
            settings: self.settings.clone(),
            routing: self.routing.clone(),
            throttled_until: self.throttled_until,
            priority: self.priority,
            weight: self.weight,
            unknown_price: self.unknown_price,
            failure_mode: self.failure_mode,
            enabled: self.enabled,
            created_at: self.created_at,
            revision: self.revision,
        }
    }
}
