//! A policy written by an operator, in the contract's words and in dollars.

use super::inline_catalog::{RawModel, catalog};
use super::inline_settings::RawSettings;
use crate::ids::KeyDigest;
use crate::money::Money;
use crate::policy::{
    Catalog, ContentMode, DEFAULT_ORGANIZATION, EndpointScope, KeyPolicy, LimitKind, Limits,
    MAX_USER_QUOTAS, MAX_WEIGHT, NamespacePolicy, OrganizationPolicy, Priority, Role, RoleRights,
    Routing, UnknownPrice, UserQuotas,
};
use crate::timestamp::Timestamp;
use hashbrown::{HashMap, HashSet};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::BTreeMap;

/// The whole policy of a standalone gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct InlinePolicy {
    /// Every key.
    pub keys: Vec<KeyPolicy>,
    /// Every namespace.
    pub namespaces: Vec<NamespacePolicy>,
    /// Every organization that limits something.
    pub organizations: Vec<OrganizationPolicy>,
    /// Every model.
    pub catalog: Catalog,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    #[serde(default)]
    organizations: Vec<RawOrganization>,
    #[serde(default)]
    namespaces: Vec<RawNamespace>,
    #[serde(default)]
    keys: Vec<RawKey>,
    models: Option<Vec<RawModel>>,
    aliases: Option<HashMap<String, String>>,
}

/// Limits under the contract's canonical names.
#[derive(Deserialize)]
struct RawLimits {
    monthly_quota_usd: Option<f64>,
    daily_quota_usd: Option<f64>,
    rate_limit_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    burst: Option<u64>,
    bytes_per_minute: Option<u64>,
    max_concurrency: Option<u64>,
    #[serde(default)]
    soft_limits: Vec<LimitKind>,
}

#[derive(Deserialize)]
struct RawOrganization {
    name: String,
    #[serde(default)]
    roles: BTreeMap<Role, RawRole>,
    #[serde(flatten)]
    limits: RawLimits,
    #[serde(flatten)]
    unknown: HashMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRole {
    allowed_models: Option<Vec<String>>,
    allowed_endpoints: Option<Vec<EndpointScope>>,
}

impl From<RawRole> for RoleRights {
    fn from(raw: RawRole) -> RoleRights {
        RoleRights {
            allowed_models: raw.allowed_models,
            allowed_endpoints: raw.allowed_endpoints,
        }
    }
}

#[derive(Deserialize)]
struct RawNamespace {
    name: String,
    organization: Option<String>,
    user_monthly_quota_usd: Option<f64>,
    #[serde(default)]
    user_quotas_usd: HashMap<String, f64>,
    allowed_models: Option<Vec<String>>,
    #[serde(default)]
    priority: Priority,
    weight: Option<u64>,
    #[serde(default)]
    unknown_price: UnknownPrice,
    routing: Option<Value>,
    #[serde(default)]
    settings: RawSettings,
    #[serde(flatten)]
    limits: RawLimits,
    #[serde(flatten)]
    unknown: HashMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct RawKey {
    id: String,
    /// SHA-256 of the secret, 64 hex digits: `printf %s "$KEY" | sha256sum`.
    sha256: String,
    namespace: Option<String>,
    #[serde(default)]
    role: Role,
    scopes: Option<Vec<EndpointScope>>,
    allowed_models: Option<Vec<String>>,
    content_policy_mode: Option<ContentMode>,
    /// Seconds since 1970.
    expires_at: Option<u64>,
    #[serde(flatten)]
    limits: RawLimits,
    #[serde(flatten)]
    unknown: HashMap<String, IgnoredAny>,
}

impl RawPolicy {
    pub(super) fn validate(self, problems: &mut Vec<String>) -> InlinePolicy {
        let catalog = catalog(self.models, self.aliases, problems);
        let organizations = organizations(self.organizations, problems);
        let mut names = HashSet::new();
        let mut namespaces = Vec::new();
        for raw in self.namespaces {
            if !names.insert(raw.name.clone()) {
                problems.push(format!("namespace `{}` is there twice", raw.name));
            }
            let what = format!("namespace `{}`", raw.name);
            refuse_unknown(&what, &raw.unknown, problems);
            if let Some(named) = &raw.organization
                && !organizations.iter().any(|other| other.name == *named)
            {
                problems.push(format!(
                    "{what} belongs to organization `{named}`, which is not there"
                ));
            }
            let routing = raw.routing.and_then(|value| {
                let read = Routing::read(&value, &catalog);
                let wrong = read.as_ref().err().into_iter().flatten();
                problems.extend(wrong.map(|problem| format!("{what}: routing: {problem}")));
                read.ok()
            });
            let weight = raw.weight.unwrap_or(1);
            if weight == 0 || weight > MAX_WEIGHT {
                problems.push(format!("{what}: weight must be from 1 to {MAX_WEIGHT}"));
            }
            let users = (raw.user_monthly_quota_usd, raw.user_quotas_usd);
            namespaces.push(NamespacePolicy {
                user_quotas: user_quotas(users.0, users.1, &what, problems),
                limits: raw.limits.validate(&what, problems),
                allowed_models: raw.allowed_models,
                priority: raw.priority,
                weight,
                unknown_price: raw.unknown_price,
                routing,
                throttled_until: None,
                prepaid: false,
                tags: Vec::new(),
                settings: raw.settings.validate(&what, &catalog, problems),
                name: raw.name,
                organization: raw
                    .organization
                    .unwrap_or_else(|| DEFAULT_ORGANIZATION.to_owned()),
                failure_mode: Default::default(),
                enabled: true,
                created_at: Timestamp::EPOCH,
                revision: 0,
            });
        }
        let mut ids = HashSet::new();
        let mut keys = Vec::new();
        for raw in self.keys {
            if !ids.insert(raw.id.clone()) {
                problems.push(format!("key `{}` is there twice", raw.id));
            }
            if let Some(namespace) = raw.namespace.as_ref().filter(|name| !names.contains(*name)) {
                let id = &raw.id;
                problems.push(format!(
                    "key `{id}` belongs to namespace `{namespace}`, which is not there"
                ));
            }
            keys.extend(raw.validate(problems));
        }
        InlinePolicy {
            keys,
            namespaces,
            organizations,
            catalog,
        }
    }
}

fn organizations(raw: Vec<RawOrganization>, problems: &mut Vec<String>) -> Vec<OrganizationPolicy> {
    let mut organizations: Vec<OrganizationPolicy> = Vec::with_capacity(raw.len());
    for raw in raw {
        let what = format!("organization `{}`", raw.name);
        if organizations.iter().any(|other| other.name == raw.name) {
            problems.push(format!("{what} is there twice"));
        }
        refuse_unknown(&what, &raw.unknown, problems);
        let mut roles = BTreeMap::new();
        roles.extend(raw.roles.into_iter().map(|(role, raw)| (role, raw.into())));
        organizations.push(OrganizationPolicy {
            limits: raw.limits.validate(&what, problems),
            prepaid: false,
            allowed_models: None,
            name: raw.name,
            roles,
            budgets: Vec::new(),
            revision: 0,
        });
    }
    organizations
}

impl RawKey {
    fn validate(self, problems: &mut Vec<String>) -> Option<KeyPolicy> {
        let what = format!("key `{}`", self.id);
        refuse_unknown(&what, &self.unknown, problems);
        let limits = self.limits.validate(&what, problems);
        let Some(digest) = KeyDigest::from_hex(&self.sha256) else {
            problems.push(format!(
                "{what}: sha256 must be 64 hex digits, the SHA-256 of the key"
            ));
            return None;
        };
        Some(KeyPolicy {
            name: self.id.clone(),
            id: self.id,
            digest,
            namespace: self.namespace,
            role: self.role,
            scopes: self.scopes,
            allowed_models: self.allowed_models,
            limits,
            tags: Vec::new(),
            content_policy_mode: self.content_policy_mode,
            enabled: true,
            expires_at: self.expires_at.map(Timestamp::from_secs),
            revision: 0,
        })
    }
}

impl RawLimits {
    fn validate(self, what: &str, problems: &mut Vec<String>) -> Limits {
        let mut dollars = |name: &str, value: Option<f64>| {
            let money = value.map(|value| (value, Money::from_dollars(value)));
            if let Some((value, None)) = money {
                problems.push(format!(
                    "{what}: {name} is not an amount of dollars: {value}"
                ));
            }
            money.and_then(|(_, money)| money)
        };
        let limits = Limits {
            monthly_quota: dollars("monthly_quota_usd", self.monthly_quota_usd),
            daily_quota: dollars("daily_quota_usd", self.daily_quota_usd),
            requests_per_minute: self.rate_limit_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            burst: self.burst,
            bytes_per_minute: self.bytes_per_minute,
            max_concurrency: self.max_concurrency,
            // A gateway's own books are of days and months alone.
            quotas: BTreeMap::new(),
            soft_limits: self.soft_limits,
        };
        problems.extend(
            limits
                .problems()
                .into_iter()
                .map(|problem| format!("{what}: {problem}")),
        );
        limits
    }
}

fn user_quotas(
    everybody: Option<f64>,
    own: HashMap<String, f64>,
    what: &str,
    problems: &mut Vec<String>,
) -> UserQuotas {
    if own.len() > MAX_USER_QUOTAS {
        problems.push(format!(
            "{what}: user_quotas_usd has more than {MAX_USER_QUOTAS} users"
        ));
    }
    let mut dollars = |value: f64| {
        let money = Money::from_dollars(value).filter(|money| *money >= Money::ZERO);
        if money.is_none() {
            problems.push(format!(
                "{what}: the quota of a user must be dollars, 0 or more: {value}"
            ));
        }
        money.unwrap_or_default()
    };
    let monthly_quota = everybody.map(&mut dollars);
    let mut quotas = BTreeMap::new();
    quotas.extend(own.into_iter().map(|(user, quota)| (user, dollars(quota))));
    UserQuotas {
        monthly_quota,
        own: quotas,
    }
}

pub(super) fn refuse_unknown(
    what: &str,
    unknown: &HashMap<String, IgnoredAny>,
    problems: &mut Vec<String>,
) {
    for field in unknown.keys() {
        problems.push(format!("{what}: there is no setting `{field}`"));
    }
}
