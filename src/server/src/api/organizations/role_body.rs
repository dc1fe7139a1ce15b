//! What is sent about a role of an organization.

use crate::api::prelude::*;
use crate::http::body::values::Words;
use paddock_core::money::Money;
use paddock_core::policy::{EndpointScope, RoleRights};
use paddock_ledger::model::roles::{Powers, RoleOverride};

/// What an organization narrows a role to. What is left out, or `null`, is as in every organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "allowed_models": ["gpt-4.1"], "can_view_analytics": false }))]
pub struct PutRole {
    /// The models it may use, names or aliases.
    allowed_models: Option<Texts>,
    /// The endpoints it may use.
    allowed_endpoints: Option<Words<EndpointScope>>,
    /// The most that each key of it may spend in a UTC calendar month, in US dollars.
    monthly_quota_usd: Option<Dollars>,
    /// `false`: it may not manage members, nor narrow other roles.
    can_manage_users: Option<bool>,
    /// `false`: it may not read usage, costs and the audit.
    can_view_analytics: Option<bool>,
    /// `false`: it may not create keys, nor rotate them.
    can_create_api_keys: Option<bool>,
}

impl PutRole {
    /// The names of the powers that it would give the role.
    pub fn given(&self) -> Vec<&'static str> {
        let powers = [
            ("can_manage_users", self.can_manage_users),
            ("can_view_analytics", self.can_view_analytics),
            ("can_create_api_keys", self.can_create_api_keys),
        ];
        let given = powers.into_iter().filter(|(_, sent)| *sent == Some(true));
        given.map(|(name, _)| name).collect()
    }
}

impl From<PutRole> for RoleOverride {
    fn from(body: PutRole) -> RoleOverride {
        RoleOverride {
            rights: RoleRights {
                allowed_models: body.allowed_models.map(Vec::from),
                allowed_endpoints: body.allowed_endpoints.map(Vec::from),
            },
            monthly_quota: body.monthly_quota_usd.map(Money::from),
            powers: Powers {
                manage_users: body.can_manage_users.unwrap_or(true),
                view_analytics: body.can_view_analytics.unwrap_or(true),
                create_api_keys: body.can_create_api_keys.unwrap_or(true),
            },
        }
    }
}
