//! An organization, as it is answered.

use crate::api::prelude::*;
use crate::http::limits::{LimitsView, own_limits};
use paddock_core::policy::{Limits, Priority};
use paddock_ledger::model::Organization;
use serde_json::Value;
use std::borrow::Cow;

/// An organization in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub struct OrganizationView {
    /// Its id.
    id: String,
    /// What this is.
    object: &'static str,
    /// Its name.
    name: String,
    /// The models that its namespaces may use; `null` is every model.
    allowed_models: Option<Vec<String>>,
    /// The highest priority that its admins may give a namespace.
    max_priority: Priority,
    /// How many namespaces it may have; `null` is as many as come.
    max_namespaces: Option<u64>,
    /// How many keys all its namespaces may have; `null` is as many as come.
    max_keys: Option<u64>,
    /// How many members all its namespaces may have; `null` is as many as come.
    max_members: Option<u64>,
    #[serde(flatten)]
    limits: LimitsView,
    /// Which of these limits are set: gateways enforce those. The others are this installation's
    /// defaults, which bind no request.
    enforced: Vec<Cow<'static, str>>,
    /// Whether the balance of its own account caps what it spends.
    prepaid: bool,
    /// The time zone of its calendar; `null` is UTC.
    time_zone: Option<String>,
    /// Labels.
    #[schema(value_type = Option<Tags>)]
    tags: Option<Value>,
    /// When it was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl OrganizationView {
    /// An organization. `defaults` are the limits that it does not set.
    pub fn new(organization: &Organization, defaults: &Limits) -> OrganizationView {
        OrganizationView {
            id: organization.name.clone(),
            object: "organization",
            name: organization.name.clone(),
            allowed_models: organization.allowed_models.clone(),
            max_priority: organization.max_priority.unwrap_or_default(),
            max_namespaces: organization.ceilings.max_namespaces,
            max_keys: organization.ceilings.max_keys,
            max_members: organization.ceilings.max_members,
            limits: LimitsView::from(&organization.in_force(defaults)),
            enforced: own_limits(&organization.limits, organization.allowed_models.is_some()),
            prepaid: organization.prepaid,
            time_zone: organization.time_zone.clone(),
            tags: organization.tags.clone(),
            created_at: organization.created_at.to_rfc3339(),
            updated_at: organization.updated_at.to_rfc3339(),
        }
    }
}
