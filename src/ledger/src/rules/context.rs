//! Namespaces with what is above them, and the state of their budgets.

use crate::model::audit::Change;
use crate::model::calendar::Calendar;
use crate::model::hierarchy::{InForce, canonical};
use crate::model::scope::Scope;
use crate::model::{Key, Namespace, Organization};
use crate::rules::caps::{self, LendingTerms};
use crate::rules::quotas;
use crate::store::spend::Asked;
use crate::store::{StoreError, Tx, namespaces, organizations, spend};
use paddock_core::budget::percent;
use paddock_core::money::Money;
use paddock_core::policy::{Catalog, Limits, Role};
use paddock_core::timestamp::Timestamp;
use paddock_core::wire::CapPeriod;
use std::collections::{BTreeMap, BTreeSet};

/// A namespace, what is above it, and the limits that come of it.
#[derive(Clone, Debug)]
pub struct NamespaceContext {
    /// The namespace.
    pub namespace: Namespace,
    /// Its organization.
    pub organization: Organization,
    /// The organization's limits, with the installation's if it sets none.
    pub above: InForce,
    /// The namespace's limits in force.
    pub limits: InForce,
}

impl NamespaceContext {
    /// The namespace of that name, if it exists.
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

    /// The context of a namespace.
    pub async fn of(
        tx: &mut Tx,
        namespace: Namespace,
        defaults: &Limits,
    ) -> Result<NamespaceContext, StoreError> {
        let organization = organizations::find(tx, &namespace.organization).await?;
        Ok(NamespaceContext::new(namespace, organization, defaults))
    }

    /// The contexts of namespaces, in their order: their organizations are looked up at once.
    pub async fn of_many(
        tx: &mut Tx,
        namespaces: Vec<Namespace>,
        defaults: &Limits,
    ) -> Result<Vec<NamespaceContext>, StoreError> {
        let names = namespaces
            .iter()
            .map(|one| one.organization.clone())
            .collect();
        let organizations = organizations::find_many(tx, &names).await?;
        let context = |namespace: Namespace| {
            let organization = organizations.get(&namespace.organization).cloned();
            NamespaceContext::new(namespace, organization, defaults)
        };
        Ok(namespaces.into_iter().map(context).collect())
    }

    /// The contexts of those of some namespaces that exist, by name: of the keys of a list, for
    /// example.
    pub async fn find_many(
        tx: &mut Tx,
        names: &BTreeSet<&str>,
        defaults: &Limits,
    ) -> Result<BTreeMap<String, NamespaceContext>, StoreError> {
        let found = namespaces::find_many(tx, names).await?.into_values();
        let contexts = NamespaceContext::of_many(tx, found.collect(), defaults).await?;
        let by_name = contexts.into_iter();
        Ok(by_name
            .map(|context| (context.namespace.name.clone(), context))
            .collect())
    }

    fn new(
        namespace: Namespace,
        organization: Option<Organization>,
        defaults: &Limits,
    ) -> NamespaceContext {
        // The schema lets no namespace be without one.
        let organization = organization.unwrap_or_else(|| {
            Organization::new(namespace.organization.clone(), namespace.created_at)
        });
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

    /// The models a key of this namespace may use, or any key if none is given: what is not
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
        let models = among(models, self.organization.allowed_models.as_deref(), catalog);
        match key {
            Some(key) => self.of_role(key.role, models, catalog),
            None => models,
        }
    }

    /// Those of some models that the organization leaves a role.
    pub fn of_role(&self, role: Role, models: Vec<String>, catalog: &Catalog) -> Vec<String> {
        let narrowed = self.organization.roles.get(&role);
        let list = narrowed.and_then(|narrowed| narrowed.rights.allowed_models.as_deref());
        among(models, list, catalog)
    }

    /// The calendar of the quotas of the namespace, its keys and its users.
    pub fn calendar(&self) -> Calendar {
        let (namespace, organization) = (&self.namespace, &self.organization);
        match &namespace.time_zone {
            Some(zone) => Calendar::of(Some(zone), namespace.calendar_since),
            None => {
                let since = namespace.calendar_since.max(organization.calendar_since);
                Calendar::of(organization.time_zone.as_deref(), since)
            }
        }
    }

    /// The namespace and its organization.
    pub fn scopes(&self) -> [Scope; 2] {
        [
            Scope::Namespace(self.namespace.name.clone()),
            Scope::Organization(self.organization.name.clone()),
        ]
    }

    /// The most a key of a role may spend in a month, if the organization says so.
    pub fn role_quota(&self, role: Role) -> Option<Money> {
        self.organization.roles.get(&role)?.monthly_quota
    }
}

/// Those of some models that are in a list, if there is one.
fn among(models: Vec<String>, list: Option<&[String]>, catalog: &Catalog) -> Vec<String> {
    let Some(list) = list else {
        return models;
    };
    let list: Vec<String> = list.iter().map(|name| canonical(catalog, name)).collect();
    let left = models
        .into_iter()
        .filter(|name| list.contains(&canonical(catalog, name)));
    left.collect()
}

impl NamespaceContext {
    /// A change of something in the namespace: `action` is the kind of thing, a dot and a verb.
    pub fn change(&self, action: &'static str, resource_id: &str) -> Change {
        Change::new(&self.organization.name, action, resource_id).within(&self.namespace.name)
    }
}

/// Whether gateways throttle a namespace: because an alert said so, or because so much of one of
/// its quotas is spent.
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
    let quotas = quotas::of_scopes(tx, &[Scope::Namespace(namespace.name.clone())]).await?;
    let Some(quotas) = quotas.get(&scope) else {
        return Ok(false);
    };
    let booked = spend::booked(tx, &[quotas.asked(&scope)], now).await?;
    let used = quotas.caps.iter();
    let used = used.map(|(period, quota)| percent(booked.of(&scope, *period).nanos(), *quota));
    Ok(used.max().is_some_and(|used| used >= threshold))
}

/// What is left of the prepaid balances among the caps of some scopes, of the one with the least; absent
/// if none is prepaid. Never negative.
pub async fn prepaid_balance(
    tx: &mut Tx,
    terms: &LendingTerms,
    scopes: &[Scope],
    now: Timestamp,
) -> Result<Option<Money>, StoreError> {
    let budgets = caps::look(tx, terms, scopes, now).await?;
    let caps = budgets.values().flat_map(|budget| &budget.caps);
    let balances = caps.filter(|cap| cap.period == CapPeriod::Balance);
    Ok(balances.map(|cap| cap.remaining().or_zero()).min())
}

/// What namespaces have spent this UTC month, by name.
pub async fn spent_of_namespaces(
    tx: &mut Tx,
    names: &[&str],
    now: Timestamp,
) -> Result<BTreeMap<String, Money>, StoreError> {
    let scopes: Vec<String> = names
        .iter()
        .map(|name| Scope::Namespace((*name).to_owned()).to_string())
        .collect();
    let calendar = Calendar::default();
    let asked: Vec<Asked<'_>> = scopes
        .iter()
        .map(|scope| Asked {
            scope,
            calendar: &calendar,
            periods: vec![CapPeriod::Monthly],
        })
        .collect();
    let booked = spend::booked(tx, &asked, now).await?;
    let spent = |scope: &String| booked.of(scope, CapPeriod::Monthly);
    Ok(names
        .iter()
        .zip(&scopes)
        .map(|(name, scope)| ((*name).to_owned(), spent(scope)))
        .collect())
}

/// A monthly cap, what is left of it, and what those who ask have spent themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetStatus {
    /// The cap.
    pub quota: Money,
    /// Whether somebody has set it. Nobody enforces what is shown otherwise.
    pub is_set: bool,
    /// What the ledger has booked this month: of the key's or the namespace's own calls, also where the cap
    /// is the organization's. What others spent is not theirs to know.
    pub used: Money,
    /// What is left of the cap; never negative.
    pub remaining: Money,
}

impl BudgetStatus {
    /// 0 to 100.
    pub fn used_percent(&self) -> f64 {
        match self.quota {
            Money::ZERO => 100.0,
            quota => (self.used.to_dollars() / quota.to_dollars() * 100.0).clamp(0.0, 100.0),
        }
    }

    /// Where a key stands under its own cap or, if it has none, under its namespace's; where
    /// that has none either, under its organization's.
    pub async fn of_key(
        tx: &mut Tx,
        key: &Key,
        context: &NamespaceContext,
        now: Timestamp,
    ) -> Result<BudgetStatus, StoreError> {
        match key.limits_in_force().monthly_quota {
            Some(quota) => {
                let scope = Scope::Key(key.id.clone());
                BudgetStatus::of(tx, scope, quota, &context.calendar(), now).await
            }
            None => BudgetStatus::of_namespace(tx, context, now).await,
        }
    }

    /// Of a namespace under its own cap, or its organization's.
    pub async fn of_namespace(
        tx: &mut Tx,
        context: &NamespaceContext,
        now: Timestamp,
    ) -> Result<BudgetStatus, StoreError> {
        let [namespace, organization] = context.scopes();
        if let Some(quota) = context.namespace.limits.monthly_quota {
            return BudgetStatus::of(tx, namespace, quota, &context.calendar(), now).await;
        }
        let quota = context.above.monthly_quota;
        let own = BudgetStatus::of(tx, namespace, quota, &context.calendar(), now).await?;
        let calendar = context.organization.calendar();
        let whole = BudgetStatus::of(tx, organization, quota, &calendar, now).await?;
        Ok(BudgetStatus {
            is_set: context.organization.limits.monthly_quota.is_some(),
            used: own.used,
            ..whole
        })
    }

    /// Of a scope under a cap of the month of its calendar.
    pub async fn of(
        tx: &mut Tx,
        scope: Scope,
        quota: Money,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<BudgetStatus, StoreError> {
        let scope = scope.to_string();
        let asked = Asked {
            scope: &scope,
            calendar,
            periods: vec![CapPeriod::Monthly],
        };
        let booked = spend::booked(tx, &[asked], now).await?;
        let used = booked.of(&scope, CapPeriod::Monthly);
        Ok(BudgetStatus {
            quota,
            is_set: true,
            used,
            remaining: quota.saturating_sub(used).or_zero(),
        })
    }
}
