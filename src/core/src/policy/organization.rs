//! One organization, as far as a gateway needs to know it.

use super::Limits;
use serde::{Deserialize, Serialize};

/// The organization of a namespace that names none.
pub const DEFAULT_ORGANIZATION: &str = "default";

/// An organization's own limits: those somebody set, not what is answered where nobody did. One
/// without any costs a request nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationPolicy {
    /// Its name, which is its id.
    pub name: String,
    /// Limits all its namespaces share.
    #[serde(default)]
    pub limits: Limits,
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
