//! A budget that an organization sets for some of its calls.

use paddock_core::policy::{BudgetPolicy, LimitKind, Limits};
use paddock_core::timestamp::Timestamp;

/// Caps for calls of some models, namespaces or labels of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedBudget {
    /// The organization.
    pub organization: String,
    /// Its name there.
    pub name: String,
    /// Models, by name or alias; empty covers every model.
    pub models: Vec<String>,
    /// Namespaces that share it; empty is every namespace of the organization.
    pub namespaces: Vec<String>,
    /// Labels of which a call's key or namespace has one; empty covers calls with any or none.
    pub tags: Vec<String>,
    /// Its caps; it has no rates.
    pub limits: Limits,
    /// Whether the operator set it: then nobody else changes it.
    pub by_operator: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl SharedBudget {
    /// The budget as gateways know it.
    pub fn policy(&self) -> BudgetPolicy {
        BudgetPolicy {
            name: self.name.clone(),
            models: self.models.clone(),
            namespaces: self.namespaces.clone(),
            tags: self.tags.clone(),
            limits: self.limits.clone(),
        }
    }

    /// Whether its caps are told and never enforced.
    pub fn is_soft(&self) -> bool {
        self.limits.is_soft(LimitKind::Quotas)
    }
}
