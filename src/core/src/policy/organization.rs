//! One organization, as far as a gateway needs to know it.

use super::{BudgetPolicy, EndpointScope, Limits, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The organization of a namespace that names none.
pub const DEFAULT_ORGANIZATION: &str = "default";

/// An organization's own limits: those somebody set, not what is answered where nobody did. One
/// without any costs a request nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationPolicy {
    /// Its name, which is its id.
    pub name: String,
    /// Models all its namespaces are narrowed to; absent means every model of the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_models: Option<Vec<String>>,
    /// Limits all its namespaces share.
    #[serde(default)]
    pub limits: Limits,
    /// Whether its namespaces spend a prepaid balance of its own, whose amount only the lender knows.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub prepaid: bool,
    /// What it narrows roles to; a role that is absent is what it is everywhere.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<Role, RoleRights>,
    /// What it sets for some of its calls; at most [`MAX_BUDGETS`](super::MAX_BUDGETS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetPolicy>,
    /// The change of the whole policy that last touched this organization.
    #[serde(default)]
    pub revision: u64,
}

impl OrganizationPolicy {
    /// One that limits nothing.
    pub fn unlimited(name: &str) -> Self {
        OrganizationPolicy {
            name: name.to_owned(),
            ..OrganizationPolicy::default()
        }
    }
}

/// What an organization lets a role use, of what the role may use anyway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRights {
    /// Models it is narrowed to; absent means those of its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_models: Option<Vec<String>>,
    /// Endpoints it is narrowed to; absent means all that the role allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_endpoints: Option<Vec<EndpointScope>>,
}

/// The name of a role in an organization, as refusals have it: `role:ORGANIZATION/ROLE`.
pub fn role_scope(organization: &str, role: Role) -> String {
    format!("role:{organization}/{}", role.name())
}
