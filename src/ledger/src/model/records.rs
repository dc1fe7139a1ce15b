//! What is stored of keys, namespaces and organizations.

use crate::model::hierarchy::{InForce, smaller};
use crate::model::roles::RoleOverride;
use paddock_core::ids::KeyDigest;
use paddock_core::money::Money;
use paddock_core::policy::{
    ContentMode, EndpointScope, FailureMode, KeyPolicy, Limits, NamespacePolicy,
    OrganizationPolicy, Priority, ReservationName, ReservationPolicy, Role, Routing, Settings,
    UnknownPrice, UserQuotas,
};
use paddock_core::timestamp::Timestamp;
use std::collections::BTreeMap;

pub use paddock_core::policy::DEFAULT_ORGANIZATION;

/// One secret of a key: never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySecret {
    /// Its SHA-256.
    pub digest: KeyDigest,
    /// Its first 8 and last 4 characters.
    pub preview: String,
    /// Whether it is the newest; a key has one primary, and a secondary after a rotation.
    pub is_primary: bool,
    /// First moment at which it is no longer accepted.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The member a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMember {
    /// `mem_…`.
    pub id: String,
    /// Who that is, in the words of whoever made the member.
    pub user_id: String,
}

/// Somebody who belongs to a namespace.
#[derive(Clone, Debug)]
pub struct Member {
    /// `mem_…`.
    pub id: String,
    /// Who it is, in the words of whoever made the member; unique in the namespace.
    pub user_id: String,
    /// Where mail reaches them; unique in the namespace.
    pub email: String,
    /// The most their keys may be.
    pub role: Role,
    /// The namespace.
    pub namespace: String,
    /// The organization of that namespace; empty where the namespace is no more.
    pub organization: String,
    /// When they became a member.
    pub created_at: Timestamp,
    /// When that was last changed.
    pub updated_at: Timestamp,
    /// Whether they are a member no more.
    pub is_removed: bool,
}

/// One key.
#[derive(Clone, Debug)]
pub struct Key {
    /// `key_…`.
    pub id: String,
    /// Unique in its namespace.
    pub name: String,
    /// The namespace it is bound to.
    pub namespace: String,
    /// What its holder is.
    pub role: Role,
    /// The member it belongs to, where it belongs to one: for ever the same.
    pub member: Option<KeyMember>,
    /// The most its role lets it spend in a month, in its organization: as it was read, or as it
    /// is to be told; it is stored elsewhere.
    pub role_quota: Option<Money>,
    /// Endpoints it is narrowed to.
    pub scopes: Option<Vec<EndpointScope>>,
    /// Models it is narrowed to; absent means the namespace's.
    pub allowed_models: Option<Vec<String>>,
    /// Its own limits.
    pub limits: Limits,
    /// Whether it is accepted.
    pub enabled: bool,
    /// The operator's word for where it is used.
    pub environment: Option<String>,
    /// The operator's labels: a list or a map of strings.
    pub tags: Option<serde_json::Value>,
    /// How strictly content is judged, where the key differs from its namespace.
    pub content_policy_mode: Option<ContentMode>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The change of the policy that last touched it.
    pub revision: u64,
    /// Its secrets, the primary first.
    pub secrets: Vec<KeySecret>,
}

impl Key {
    /// An enabled key of a developer that sets no limits, without a name.
    pub fn new(
        id: String,
        namespace: String,
        primary: KeySecret,
        revision: u64,
        now: Timestamp,
    ) -> Key {
        Key {
            id,
            name: String::new(),
            namespace,
            role: Role::default(),
            member: None,
            role_quota: None,
            scopes: None,
            allowed_models: None,
            limits: Limits::default(),
            enabled: true,
            environment: None,
            tags: None,
            content_policy_mode: None,
            created_at: now,
            updated_at: now,
            revision,
            secrets: vec![primary],
        }
    }

    /// Its own limits, and what its role sets beside them.
    pub fn limits_in_force(&self) -> Limits {
        Limits {
            monthly_quota: smaller(self.limits.monthly_quota, self.role_quota),
            ..self.limits.clone()
        }
    }

    /// The key as gateways know it, once a secret.
    pub fn policies(&self) -> impl Iterator<Item = KeyPolicy> {
        self.secrets.iter().map(|secret| self.policy(secret))
    }

    /// The key as gateways know it under one of its secrets.
    pub fn policy(&self, secret: &KeySecret) -> KeyPolicy {
        KeyPolicy {
            id: self.id.clone(),
            digest: secret.digest,
            name: self.name.clone(),
            namespace: Some(self.namespace.clone()),
            role: self.role,
            scopes: self.scopes.clone(),
            allowed_models: self.allowed_models.clone(),
            limits: self.limits_in_force(),
            content_policy_mode: self.content_policy_mode,
            enabled: self.enabled,
            expires_at: secret.expires_at,
            revision: self.revision,
        }
    }
}

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
    /// When it was made.
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
            revision: self.revision,
        }
    }
}

/// What one end user of a namespace may spend.
#[derive(Clone, Debug)]
pub struct UserQuota {
    /// The namespace.
    pub namespace: String,
    /// The user, as requests name them.
    pub user: String,
    /// Hard monthly cap.
    pub monthly_quota: Money,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last set.
    pub updated_at: Timestamp,
}

/// Money of a namespace set aside under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Its name as a scope.
    pub scope: String,
    /// Its namespace and its id.
    pub name: ReservationName,
    /// The organization of its namespace.
    pub organization: String,
    /// How often that id has been reserved, this time included.
    pub life: u64,
    /// All of it.
    pub amount: Money,
    /// What the ledger has booked against it.
    pub spent: Money,
    /// When it was approved.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// When it ended, as soon as somebody took note of that.
    pub ended_at: Option<Timestamp>,
}

impl Reservation {
    /// When it ends, or ended.
    pub fn ends_at(&self) -> Timestamp {
        self.ended_at.unwrap_or(self.expires_at)
    }

    /// Whether it pays for nothing more. What was once seen to have ended has, also by a clock that
    /// is behind.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.ended_at.is_some() || self.expires_at <= now
    }

    /// What is not booked of it; never negative.
    pub fn unspent(&self) -> Money {
        self.amount.saturating_sub(self.spent).or_zero()
    }

    /// The reservation as gateways know it.
    pub fn policy(&self) -> ReservationPolicy {
        ReservationPolicy {
            name: self.name.clone(),
            scope: self.scope.clone(),
            amount: self.amount,
            expires_at: self.expires_at,
        }
    }
}

/// One organization.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its name, which is its id.
    pub name: String,
    /// The limits somebody set for its namespaces to share.
    pub limits: Limits,
    /// Whether the balance of its own account is a cap of all its namespaces.
    pub prepaid: bool,
    /// What it narrows roles to: as it was read; it is stored elsewhere.
    pub roles: BTreeMap<Role, RoleOverride>,
    /// The operator's labels: a list or a map of strings.
    pub tags: Option<serde_json::Value>,
    /// When it was made.
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
            limits: Limits::default(),
            prepaid: false,
            roles: BTreeMap::new(),
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
            max_concurrency: own.max_concurrency.or(defaults.max_concurrency),
            monthly_quota: own.monthly_quota.or(defaults.monthly_quota),
            daily_quota: own.daily_quota.or(defaults.daily_quota),
        })
    }

    /// The organization as gateways know it: the defaults are not for them, for each limit costs
    /// every request a write.
    pub fn policy(&self) -> OrganizationPolicy {
        let narrowed = self.roles.iter();
        OrganizationPolicy {
            name: self.name.clone(),
            limits: self.limits.clone(),
            prepaid: self.prepaid,
            roles: narrowed
                .map(|(role, narrowed)| (*role, narrowed.rights.clone()))
                .collect(),
            revision: self.revision,
        }
    }
}
