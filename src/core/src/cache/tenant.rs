//! What is in memory of a tenant: each policy with the scope of limits it makes.

use crate::admission::{Scope, Throttle};
use crate::bodies::Reading;
use crate::ids::InstallationId;
use crate::policy::{
    BudgetPolicy, KeyPolicy, NamespacePolicy, OrganizationPolicy, Role, RoleRights, budget_scope,
    role_scope,
};
use std::rc::Rc;

/// A key and what is derived from it once.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The policy.
    pub policy: KeyPolicy,
    /// The key as a scope of limits.
    pub scope: Rc<Scope>,
    /// What this worker has read of its bodies.
    pub reading: Reading,
}

/// A namespace and what is derived from it once.
#[derive(Debug, PartialEq, Eq)]
pub struct Namespace {
    /// The policy.
    pub policy: NamespacePolicy,
    /// The installation it is of, if that is known.
    pub installation: Option<InstallationId>,
    /// The namespace as a scope of limits.
    pub scope: Rc<Scope>,
    /// What this worker has read of its bodies.
    pub reading: Reading,
}

/// An organization and what is derived from it once.
#[derive(Debug, PartialEq, Eq)]
pub struct Organization {
    /// The policy.
    pub policy: OrganizationPolicy,
    /// The organization as a scope of limits.
    pub scope: Rc<Scope>,
    /// What this worker has read of its bodies.
    pub reading: Reading,
    /// The roles it narrows, each with its name in refusals.
    roles: Vec<(Role, String)>,
    /// Its budgets as scopes of limits, in the policy's order.
    budgets: Vec<Rc<Scope>>,
}

impl Key {
    /// A key of this policy.
    pub fn new(policy: KeyPolicy) -> Self {
        let name = format!("key:{}", policy.id);
        let scope = Rc::new(Scope::new(name, policy.limits.clone()));
        Key {
            policy,
            scope,
            reading: Reading::default(),
        }
    }
}

impl Namespace {
    /// A namespace of this policy and installation.
    pub fn new(policy: NamespacePolicy, installation: Option<InstallationId>) -> Self {
        let name = format!("namespace:{}", policy.name);
        let throttle = Throttle {
            until: policy.throttled_until,
            ..Throttle::from(&policy.settings)
        };
        let scope = Scope::new(name, policy.limits.clone())
            .throttled(throttle)
            .prepaid(policy.prepaid);
        let scope = Rc::new(scope);
        Namespace {
            policy,
            installation,
            scope,
            reading: Reading::default(),
        }
    }
}

impl Organization {
    /// An organization of this policy.
    pub fn new(policy: OrganizationPolicy) -> Self {
        let name = format!("organization:{}", policy.name);
        let scope = Rc::new(Scope::new(name, policy.limits.clone()).prepaid(policy.prepaid));
        let narrowed = policy.roles.keys();
        let roles = narrowed.map(|role| (*role, role_scope(&policy.name, *role)));
        let budgets = policy.budgets.iter().map(|budget| {
            let name = budget_scope(&policy.name, &budget.name);
            Rc::new(Scope::new(name, budget.limits.clone()))
        });
        Organization {
            roles: roles.collect(),
            budgets: budgets.collect(),
            policy,
            scope,
            reading: Reading::default(),
        }
    }

    /// Its budgets, each with the scope of its caps.
    pub fn budgets(&self) -> impl Iterator<Item = (&BudgetPolicy, &Rc<Scope>)> {
        self.policy.budgets.iter().zip(&self.budgets)
    }

    /// What it narrows a role to, and what refusals call that; `None` where it leaves it alone.
    pub fn role(&self, role: Role) -> Option<(&str, &RoleRights)> {
        let (_, scope) = self.roles.iter().find(|(narrowed, _)| *narrowed == role)?;
        Some((scope, self.policy.roles.get(&role)?))
    }
}
