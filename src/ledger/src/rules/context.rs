//! Where a key or namespace stands in its month.

use crate::model::audit::Change;
use crate::model::hierarchy::InForce;
use crate::model::records::{Key, Namespace, Organization};
use crate::model::scope::Scope;
use crate::rules::caps::{self, Terms};
use crate::store::{StoreError, Tx, namespaces, organizations, spend};
use paddock_core::budget::percent;
use paddock_core::money::Money;
use paddock_core::policy::{Catalog, Limits, Role};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;

/// A namespace, what is above it, and the limits that come of it.
#[derive(Clone, Debug)]
pub struct NamespaceContext {
    /// The namespace.
    pub namespace: Namespace,
    /// Its organization.
    pub organization: Organization,
    /// The organization's limits, with the installation's where it sets none.
    pub above: InForce,
    /// The namespace's limits in force.
    pub limits: InForce,
}

impl NamespaceContext {
    /// The namespace of that name, where it is there.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn find(
        tx: &mut Tx,
        name: &str,
        defaults: &Limits,
    ) -> Result<Option<NamespaceContext>, StoreError> {
        let Some(namespace) = namespaces::find(tx, name).await? else {
            return Ok(None);
        };
        NamespaceContext::of(tx, namespace, defaults)
            .await
            .map(Some)
    }

    /// The place of a namespace.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn of(
        tx: &mut Tx,
        namespace: Namespace,
        defaults: &Limits,
    ) -> Result<NamespaceContext, StoreError> {
        let organization = organizations::find(tx, &namespace.organization).await?;
        Ok(NamespaceContext::below(namespace, organization, defaults))
    }

    /// The places of namespaces, in their order.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn of_all(
        tx: &mut Tx,
        namespaces: Vec<Namespace>,
        defaults: &Limits,
    ) -> Result<Vec<NamespaceContext>, StoreError> {
        let names = namespaces.iter().map(|found| found.organization.clone());
        let organizations = organizations::named(tx, &names.collect()).await?;
        let context = |namespace: Namespace| {
            let organization = organizations.get(&namespace.organization).cloned();
            NamespaceContext::below(namespace, organization, defaults)
        };
        Ok(namespaces.into_iter().map(context).collect())
    }

    fn below(
        namespace: Namespace,
        organization: Option<Organization>,
        defaults: &Limits,
    ) -> NamespaceContext {
        let name = &namespace.organization;
        // The schema lets no namespace be without one.
        let organization =
            organization.unwrap_or_else(|| Organization::new(name.clone(), namespace.created_at));
        let above = organization.in_force(defaults);
        let limits = above.below(&namespace.limits);
        NamespaceContext {
            namespace,
            organization,
            above,
            limits,
        }
    }

    /// The same for the namespace as it is changed to.
    pub fn with(&self, namespace: Namespace) -> NamespaceContext {
        NamespaceContext {
            limits: self.above.below(&namespace.limits),
            namespace,
            organization: self.organization.clone(),
            above: self.above.clone(),
        }
    }

    /// The models a key of this namespace may use, or any key where none is given: what is not
    /// narrowed is the parent's, and at the top every model there is.
    pub fn allowed_models(&self, key: Option<&Key>, catalog: &Catalog) -> Vec<String> {
        let own = key.and_then(|key| key.allowed_models.as_ref());
        let models = match own.or(self.namespace.allowed_models.as_ref()) {
            Some(models) => models.clone(),
            None => catalog
                .models
                .iter()
                .map(|model| model.name.clone())
                .collect(),
        };
        match key {
            Some(key) => self.of_role(key.role, models, catalog),
            None => models,
        }
    }

    /// Those of some models that the organization leaves a role.
    pub fn of_role(&self, role: Role, models: Vec<String>, catalog: &Catalog) -> Vec<String> {
        let narrowed = self.organization.roles.get(&role);
        let Some(list) = narrowed.and_then(|narrowed| narrowed.rights.allowed_models.as_ref())
        else {
            return models;
        };
        let meant = |name: &str| {
            let known = catalog.resolve(name).map(|model| model.name.as_str());
            known.unwrap_or(name).to_owned()
        };
        let list: Vec<String> = list.iter().map(|name| meant(name)).collect();
        let left = models
            .into_iter()
            .filter(|name| list.contains(&meant(name)));
        left.collect()
    }

    /// The namespace and its organization.
    pub fn scopes(&self) -> [Scope; 2] {
        [
            Scope::Namespace(self.namespace.name.clone()),
            Scope::Organization(self.organization.name.clone()),
        ]
    }

    /// The most a key of a role may spend in a month, where the organization says so.
    pub fn role_quota(&self, role: Role) -> Option<Money> {
        self.organization.roles.get(&role)?.monthly_quota
    }
}

impl NamespaceContext {
    /// A change of something in the namespace: `action` is the kind of thing, a dot and a verb.
    pub fn change(&self, action: &'static str, resource_id: &str) -> Change {
        Change::new(&self.organization.name, action, resource_id).within(&self.namespace.name)
    }
}

/// Whether gateways throttle a namespace: because an alert said so, or because so much of its daily
/// or monthly quota is spent.
///
/// # Errors
/// Where the database refuses.
pub async fn is_throttled(
    tx: &mut Tx,
    namespace: &Namespace,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if namespace.throttled_until.is_some_and(|until| now < until) {
        return Ok(true);
    }
    let Some(threshold) = namespace.settings.auto_throttle_at_percent else {
        return Ok(false);
    };
    let scope = Scope::Namespace(namespace.name.clone()).to_string();
    let booked = spend::booked(tx, &[&scope], now).await?;
    let limits = &namespace.limits;
    let caps = [
        (CapPeriod::Daily, limits.daily_quota),
        (CapPeriod::Monthly, limits.monthly_quota),
    ];
    let used = caps
        .into_iter()
        .filter_map(|(period, quota)| Some(percent(booked.of(&scope, period).nanos(), quota?)));
    Ok(used.max().is_some_and(|used| used >= threshold))
}

/// What is left of the prepaid balances among the caps of some scopes, of the one with the least; absent
/// where none is prepaid. Never negative.
///
/// # Errors
/// Where the database refuses.
pub async fn prepaid_balance(
    tx: &mut Tx,
    terms: &Terms,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<Option<Money>, StoreError> {
    let budgets = caps::look(tx, terms, scopes, now).await?;
    let caps = budgets.values().flat_map(|budget| &budget.caps);
    let balances = caps.filter(|cap| cap.period == CapPeriod::Balance);
    Ok(balances.map(|cap| cap.remaining().or_zero()).min())
}

/// A monthly cap and what is spent of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetStatus {
    /// The cap.
    pub quota: Money,
    /// What the ledger has booked under it this month.
    pub used: Money,
}

impl BudgetStatus {
    /// What is left; never negative.
    pub fn remaining(&self) -> Money {
        self.quota.saturating_sub(self.used).or_zero()
    }

    /// 0 to 100.
    pub fn used_percent(&self) -> f64 {
        match self.quota {
            Money::ZERO => 100.0,
            quota => (self.used.to_dollars() / quota.to_dollars() * 100.0).clamp(0.0, 100.0),
        }
    }

    /// Where a key stands under its own cap or, where it has none, under its namespace's; where
    /// that has none either, under its organization's.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn of_key(
        tx: &mut Tx,
        key: &Key,
        context: &NamespaceContext,
        now: Timestamp,
    ) -> Result<BudgetStatus, StoreError> {
        match key.limits_in_force().monthly_quota {
            Some(quota) => BudgetStatus::of(tx, Scope::Key(key.id.clone()), quota, now).await,
            None => BudgetStatus::of_namespace(tx, context, now).await,
        }
    }

    /// Where a namespace stands under its own cap, or its organization's.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn of_namespace(
        tx: &mut Tx,
        context: &NamespaceContext,
        now: Timestamp,
    ) -> Result<BudgetStatus, StoreError> {
        let (scope, quota) = match context.namespace.limits.monthly_quota {
            Some(quota) => (Scope::Namespace(context.namespace.name.clone()), quota),
            None => {
                let name = context.organization.name.clone();
                (Scope::Organization(name), context.above.monthly_quota)
            }
        };
        BudgetStatus::of(tx, scope, quota, now).await
    }

    /// Where a scope stands under a cap.
    ///
    /// # Errors
    /// Where the database refuses.
    pub async fn of(
        tx: &mut Tx,
        scope: Scope,
        quota: Money,
        now: Timestamp,
    ) -> Result<BudgetStatus, StoreError> {
        let scope = scope.to_string();
        let booked = spend::booked(tx, &[&scope], now).await?;
        Ok(BudgetStatus {
            quota,
            used: booked.of(&scope, CapPeriod::Monthly),
        })
    }
}
