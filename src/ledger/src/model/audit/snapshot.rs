//! Things as the audit keeps them: what was set, in the contract's words, and never a secret.

use crate::model::price_document::in_dollars;
use crate::model::roles::RoleOverride;
use crate::model::shared_budget::SharedBudget;
use crate::model::{Key, Member, Namespace, Organization, Reservation, UserQuota};
use paddock_core::money::Money;
use paddock_core::policy::{Limits, Model};
use paddock_core::timestamp::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What can be a change's before and after.
pub trait Snapshot {
    /// The thing as JSON, without any secret.
    fn snapshot(&self) -> Value;
}

impl Snapshot for Value {
    fn snapshot(&self) -> Value {
        self.clone()
    }
}

impl Snapshot for Key {
    fn snapshot(&self) -> Value {
        let secrets: Vec<Value> = self
            .secrets
            .iter()
            .map(|secret| {
                json!({
                    "key_preview": secret.preview,
                    "is_primary": secret.is_primary,
                    "expires_at": secret.expires_at.map(|at| at.to_rfc3339()),
                })
            })
            .collect();
        json!({
            "id": self.id,
            "name": self.name,
            "namespace": self.namespace,
            "role": self.role,
            "user_id": self.member.as_ref().map(|member| &member.user_id),
            "member_id": self.member.as_ref().map(|member| &member.id),
            "scopes": self.scopes,
            "allowed_models": self.allowed_models,
            "limits": limits(&self.limits),
            "enabled": self.enabled,
            "environment": self.environment,
            "tags": self.tags,
            "content_policy_mode": self.content_policy_mode,
            "secrets": secrets,
        })
    }
}

impl Snapshot for Member {
    fn snapshot(&self) -> Value {
        json!({
            "id": self.id,
            "user_id": self.user_id,
            "email": self.email,
            "role": self.role,
            "namespace": self.namespace,
        })
    }
}

impl Snapshot for SharedBudget {
    fn snapshot(&self) -> Value {
        let quotas = self.limits.quotas.iter();
        let quotas = quotas.map(|(period, quota)| (period.name(), quota.to_dollars()));
        json!({
            "name": self.name,
            "covers": { "models": self.models, "namespaces": self.namespaces, "tags": self.tags },
            "monthly_quota_usd": dollars(self.limits.monthly_quota),
            "daily_quota_usd": dollars(self.limits.daily_quota),
            "quotas_usd": quotas.collect::<BTreeMap<_, _>>(),
            "soft": self.is_soft(),
        })
    }
}

impl Snapshot for RoleOverride {
    fn snapshot(&self) -> Value {
        let powers = self.powers.named().into_iter();
        let mut snapshot: Map<String, Value> = powers
            .map(|(name, is_left)| (name.to_owned(), json!(is_left)))
            .collect();
        snapshot.extend([
            (
                "allowed_models".to_owned(),
                json!(self.rights.allowed_models),
            ),
            (
                "allowed_endpoints".to_owned(),
                json!(self.rights.allowed_endpoints),
            ),
            ("monthly_quota_usd".to_owned(), dollars(self.monthly_quota)),
        ]);
        Value::Object(snapshot)
    }
}

impl Snapshot for Reservation {
    fn snapshot(&self) -> Value {
        json!({
            "reservation_id": self.name.id,
            "namespace": self.name.namespace,
            "estimated_cost_usd": self.amount.to_dollars(),
            "spent_usd": self.spent.to_dollars(),
            "expires_at": self.expires_at.to_rfc3339(),
            "ended_at": self.ended_at.map(|at| at.to_rfc3339()),
        })
    }
}

impl Snapshot for Namespace {
    fn snapshot(&self) -> Value {
        let mut snapshot = to_value(&self.policy(BTreeMap::new()));
        if let Some(fields) = snapshot.as_object_mut() {
            fields.remove("revision");
            fields.remove("user_quotas");
            fields.insert("limits".to_owned(), limits(&self.limits));
            fields.insert(
                "user_monthly_quota_usd".to_owned(),
                dollars(self.user_monthly_quota),
            );
            fields.insert("tags".to_owned(), json!(self.tags));
        }
        snapshot
    }
}

impl Snapshot for Organization {
    fn snapshot(&self) -> Value {
        json!({
            "name": self.name,
            "allowed_models": self.allowed_models,
            "max_priority": self.max_priority,
            "max_namespaces": self.ceilings.max_namespaces,
            "max_keys": self.ceilings.max_keys,
            "max_members": self.ceilings.max_members,
            "limits": limits(&self.limits),
            "prepaid": self.prepaid,
            "tags": self.tags,
        })
    }
}

impl Snapshot for UserQuota {
    fn snapshot(&self) -> Value {
        json!({
            "namespace": self.namespace,
            "user_id": self.user,
            "monthly_limit_usd": self.monthly_quota.to_dollars(),
        })
    }
}

impl Snapshot for Model {
    fn snapshot(&self) -> Value {
        let mut snapshot = Map::new();
        if let Some(price) = &self.price {
            snapshot = in_dollars(price);
        }
        if self.price_from != Timestamp::EPOCH {
            let from = self.price_from.to_rfc3339();
            snapshot.insert("effective_from".to_owned(), json!(from));
        }
        let later = self.later_prices.iter().map(|later| {
            let mut price = in_dollars(&later.price);
            let from = later.effective_from.to_rfc3339();
            price.insert("effective_from".to_owned(), json!(from));
            Value::Object(price)
        });
        let later: Value = later.collect();
        let deployments = self.deployments.iter().map(|one| {
            let price = one.price.as_ref().map(in_dollars);
            json!({
                "upstream": one.upstream,
                "upstream_model": one.upstream_model,
                "paths": one.paths,
                "priority": one.priority,
                "weight": one.weight,
                "region": one.region,
                "price": price,
            })
        });
        let deployments: Value = deployments.collect();
        for (name, value) in [
            ("model", json!(self.name)),
            ("upstream", json!(self.upstream)),
            ("upstream_model", json!(self.upstream_model)),
            ("paths", json!(self.paths)),
            ("deployments", deployments),
            ("max_output_tokens", json!(self.max_output_tokens)),
            ("output_limit_field", json!(self.output_limit_field)),
            ("context_window", json!(self.context_window)),
            ("media_tokens", json!(self.media_tokens)),
            ("capabilities", json!(self.capabilities)),
            ("later", later),
        ] {
            snapshot.insert(name.to_owned(), value);
        }
        Value::Object(snapshot)
    }
}

fn dollars(amount: Option<Money>) -> Value {
    json!(amount.map(Money::to_dollars))
}

/// The limits that were set, under the contract's names.
fn limits(limits: &Limits) -> Value {
    let quotas = limits.quotas.iter();
    let quotas: BTreeMap<_, _> = quotas
        .map(|(period, quota)| (period.name(), quota.to_dollars()))
        .collect();
    json!({
        "monthly_quota_usd": dollars(limits.monthly_quota),
        "daily_quota_usd": dollars(limits.daily_quota),
        "quotas_usd": quotas,
        "rate_limit_per_minute": limits.requests_per_minute,
        "tokens_per_minute": limits.tokens_per_minute,
        "bytes_per_minute": limits.bytes_per_minute,
        "burst": limits.burst,
        "max_concurrency": limits.max_concurrency,
        "soft_limits": limits.soft_limits,
    })
}

fn to_value<T: Serialize>(value: &T) -> Value {
    // Names, numbers and lists of them cannot fail to serialize.
    serde_json::to_value(value).unwrap_or_default()
}
