//! An organization, as it is answered.

use crate::domain::records::Organization;
use crate::http::limits::{LimitsView, names_of};
use paddock_core::policy::Limits;
use serde::Serialize;
use serde_json::Value;

/// An organization in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct OrganizationView {
    id: String,
    object: &'static str,
    name: String,
    #[serde(flatten)]
    limits: LimitsView,
    /// Which of these limits somebody set: gateways enforce those. The others are what this
    /// installation answers where nobody did.
    enforced: Vec<&'static str>,
    tags: Option<Value>,
    created_at: String,
    updated_at: String,
}

impl OrganizationView {
    /// The organization, with `defaults` where it sets no limit.
    pub fn new(organization: &Organization, defaults: &Limits) -> OrganizationView {
        OrganizationView {
            id: organization.name.clone(),
            object: "organization",
            name: organization.name.clone(),
            limits: LimitsView::from(&organization.in_force(defaults)),
            enforced: names_of(&organization.limits),
            tags: organization.tags.clone(),
            created_at: organization.created_at.to_rfc3339(),
            updated_at: organization.updated_at.to_rfc3339(),
        }
    }
}
