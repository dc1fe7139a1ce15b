//! Keys, their secrets, and the member a key belongs to.

use super::tag_set::labels_of;
use crate::model::hierarchy::smaller;
use crate::model::member::Member;
use paddock_core::ids::KeyDigest;
use paddock_core::money::Money;
use paddock_core::policy::{ContentMode, EndpointScope, KeyPolicy, LimitKind, Limits, Role};
use paddock_core::timestamp::Timestamp;

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
    /// When it was created.
    pub created_at: Timestamp,
}

/// The member a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMember {
    /// `mem_…`.
    pub id: String,
    /// The user, as the caller named them when the member was added.
    pub user_id: String,
}

impl From<&Member> for KeyMember {
    fn from(member: &Member) -> KeyMember {
        KeyMember {
            id: member.id.clone(),
            user_id: member.user_id.clone(),
        }
    }
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
    /// The member it belongs to, if any. It never changes.
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
    /// The operator's name for where it is used.
    pub environment: Option<String>,
    /// The operator's labels: a list or a map of strings.
    pub tags: Option<serde_json::Value>,
    /// How strictly content is judged, where the key differs from its namespace.
    pub content_policy_mode: Option<ContentMode>,
    /// When it was created.
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
        let mut limits = self.limits.clone();
        limits.monthly_quota = smaller(limits.monthly_quota, self.role_quota);
        // What a role may spend is not the key's to soften.
        if self.role_quota.is_some() {
            limits.soft_limits.retain(|kind| *kind != LimitKind::Quotas);
        }
        limits
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
            tags: labels_of(self.tags.as_ref()),
            content_policy_mode: self.content_policy_mode,
            enabled: self.enabled,
            expires_at: secret.expires_at,
            revision: self.revision,
        }
    }
}
