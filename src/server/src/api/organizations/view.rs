//! An organization, as it is answered.

use crate::api::prelude::*;
use crate::http::limits::{LimitsView, names_of};
use paddock_core::policy::Limits;
use paddock_ledger::model::Organization;
use serde_json::Value;

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
    #[serde(flatten)]
    limits: LimitsView,
    /// Which of these limits are set: gateways enforce those. The others are this installation's
    /// defaults, which bind no request.
    enforced: Vec<&'static str>,
    /// Whether the balance of its own account caps what it spends.
    prepaid: bool,
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
            limits: LimitsView::from(&organization.in_force(defaults)),
            enforced: names_of(&organization.limits),
            prepaid: organization.prepaid,
            tags: organization.tags.clone(),
            created_at: organization.created_at.to_rfc3339(),
            updated_at: organization.updated_at.to_rfc3339(),
        }
    }
}
