//! Organizations: the top of every tree of limits.

use crate::model::calendar::Calendar;
use crate::model::hierarchy::InForce;
use crate::model::roles::RoleOverride;
use crate::model::shared_budget::SharedBudget;
use paddock_core::policy::{Limits, OrganizationPolicy, Priority, Role};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;

/// How many things an organization may have at once; absent means as many as come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// Namespaces.
    pub max_namespaces: Option<u64>,
    /// Keys of all its namespaces, disabled ones too.
    pub max_keys: Option<u64>,
    /// Members of all its namespaces.
    pub max_members: Option<u64>,
}

/// One organization.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its name, which is its id.
    pub name: String,
    /// The models its namespaces may use; absent means every model.
    pub allowed_models: Option<Vec<String>>,
    /// The highest priority its admins may give a namespace; absent means the usual one.
    pub max_priority: Option<Priority>,
    /// How many things it may have.
    pub ceilings: Ceilings,
    /// The limits somebody set for its namespaces to share.
    pub limits: Limits,
    /// The IANA time zone whose days and months its quotas are of; absent is UTC.
    pub time_zone: Option<String>,
    /// When that last changed, or it was created.
    pub calendar_since: Timestamp,
    /// Whether the balance of its own account is a cap of all its namespaces.
    pub prepaid: bool,
    /// What it narrows roles to: as it was read; it is stored elsewhere.
    pub roles: BTreeMap<Role, RoleOverride>,
    /// What it sets for some of its calls: as it was read; it is stored elsewhere.
    pub budgets: Vec<SharedBudget>,
    /// The operator's labels: a list or a map of strings.
    pub tags: Option<serde_json::Value>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The change of the policy that last touched it.
    pub revision: u64,
}

impl Organization {
    /// An organization that sets no limits.
    pub fn new(name: String, now: Timestamp) -> Organization {
        Organization {
            name,
            allowed_models: None,
            max_priority: None,
            ceilings: Ceilings::default(),
            limits: Limits::default(),
            time_zone: None,
            calendar_since: now,
            prepaid: false,
            roles: BTreeMap::new(),
            budgets: Vec::new(),
            tags: None,
            created_at: now,
            updated_at: now,
            revision: 0,
        }
    }

    /// The limits to be answered, and the most its namespaces may be given: what was set, and
    /// `defaults` for the rest.
    pub fn in_force(&self, defaults: &Limits) -> InForce {
        let own = &self.limits;
        InForce::top(&Limits {
            requests_per_minute: own.requests_per_minute.or(defaults.requests_per_minute),
            burst: own.burst.or(defaults.burst),
            tokens_per_minute: own.tokens_per_minute.or(defaults.tokens_per_minute),
            bytes_per_minute: own.bytes_per_minute.or(defaults.bytes_per_minute),
            max_concurrency: own.max_concurrency.or(defaults.max_concurrency),
            monthly_quota: own.monthly_quota.or(defaults.monthly_quota),
            daily_quota: own.daily_quota.or(defaults.daily_quota),
            quotas: own.quotas.clone(),
            soft_limits: own.soft_limits.clone(),
        })
    }

    /// The calendar of its quotas.
    pub fn calendar(&self) -> Calendar {
        Calendar::of(self.time_zone.as_deref(), self.calendar_since)
    }

    /// The organization as gateways know it: the defaults are not for them, for each limit costs
    /// every request a write.
    pub fn policy(&self) -> OrganizationPolicy {
        let narrowed = self.roles.iter();
        OrganizationPolicy {
            name: self.name.clone(),
            allowed_models: self.allowed_models.clone(),
            limits: self.limits.clone(),
            prepaid: self.prepaid,
            roles: narrowed
                .map(|(role, narrowed)| (*role, narrowed.rights.clone()))
                .collect(),
            budgets: self.budgets.iter().map(SharedBudget::policy).collect(),
            revision: self.revision,
        }
    }
}
