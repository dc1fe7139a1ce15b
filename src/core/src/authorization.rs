//! What a caller may use: endpoint, model and price.

use crate::admission::Scope;
use crate::identity::Caller;
use crate::policy::{
    BudgetPolicy, Catalog, EndpointScope, Model, PriceInForce, RoleRights, UnknownPrice,
};
use crate::price::{Price, Unpriced};
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;
use crate::units::Unit;
use crate::usage::ToolCalls;
use crate::wire_format::WireFormat;
use std::rc::Rc;

/// Proof that a caller may use a model, and at which price.
#[derive(Clone, Debug)]
pub struct Grant {
    caller: Caller,
    catalog: Rc<Catalog>,
    model: usize,
    admitted_at: Timestamp,
}

static FREE: Price = Price::FREE;

impl Grant {
    /// Who may use it.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The model.
    pub fn model(&self) -> Option<&Model> {
        self.catalog.models.get(self.model)
    }

    /// Its price for this caller: the one in force when the call was admitted.
    pub fn price(&self) -> &Price {
        match (self.in_force(), self.unknown_price()) {
            (Some(in_force), _) => in_force.price,
            (None, UnknownPrice::Dearest) => self.catalog.dearest(),
            (None, _) => &FREE,
        }
    }

    /// Whether that price is of other models, because the model has none.
    pub fn is_assumed(&self) -> bool {
        self.in_force().is_none() && self.unknown_price() == UnknownPrice::Dearest
    }

    /// What is charged for what the price leaves out.
    pub fn unpriced(&self) -> Unpriced {
        unpriced(self.unknown_price())
    }

    fn unknown_price(&self) -> UnknownPrice {
        self.caller.namespace().policy.unknown_price
    }

    /// Whether all that a request asks for has a price, or need have none.
    ///
    /// # Errors
    /// The refusal, which names what has none.
    pub fn check_priced(
        &self,
        tiers: [&str; 2],
        region: &str,
        tools: &ToolCalls,
        unit: Option<Unit>,
    ) -> Result<(), Refusal> {
        self.check_price(self.price(), tiers, region, tools, unit)
    }

    /// The same, at the price of one of the model's deployments.
    ///
    /// # Errors
    /// The refusal, which names what has none.
    pub fn check_price(
        &self,
        price: &Price,
        tiers: [&str; 2],
        region: &str,
        tools: &ToolCalls,
        unit: Option<Unit>,
    ) -> Result<(), Refusal> {
        if self.unknown_price() != UnknownPrice::Refuse {
            return Ok(());
        }
        let scope = &self.caller.namespace().scope.name;
        let model = self.model().map_or("", |model| model.name.as_str());
        match price.unpriced(tiers, region, tools, unit) {
            Some(modifier) => Err(Refusal::not_priced(scope, model, modifier)),
            None => Ok(()),
        }
    }

    /// Since when that price is in force; zero if it always was.
    pub fn price_from(&self) -> Timestamp {
        self.in_force()
            .map_or(Timestamp::EPOCH, |in_force| in_force.from)
    }

    fn in_force(&self) -> Option<PriceInForce<'_>> {
        self.model()?.price_at(self.admitted_at)
    }

    /// The budgets of the caller's organization that cover this call.
    pub fn budgets(&self) -> impl Iterator<Item = (&BudgetPolicy, &Rc<Scope>)> {
        let (key, namespace) = (self.caller.key(), self.caller.namespace());
        let name = &namespace.policy.name;
        let covers = move |budget: &BudgetPolicy| {
            let labels = key.policy.tags.iter().chain(&namespace.policy.tags);
            budget.covers_caller(name, labels)
                && (budget.models.is_empty()
                    || self
                        .model()
                        .is_some_and(|model| lists_model(&budget.models, &self.catalog, model)))
        };
        let budgets = self.caller.organization().budgets();
        budgets.filter(move |(budget, _)| covers(budget))
    }

    /// The catalog.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }
}

fn unpriced(unknown_price: UnknownPrice) -> Unpriced {
    match unknown_price {
        UnknownPrice::Free => Unpriced::Free,
        UnknownPrice::Refuse | UnknownPrice::Dearest => Unpriced::Assumed,
    }
}

/// Whether the caller's role and key cover an endpoint.
///
/// # Errors
/// The refusal.
pub fn authorize_endpoint(caller: &Caller, endpoint: EndpointScope) -> Result<(), Refusal> {
    authorize_role(caller, endpoint)?;
    let key = &caller.key().policy;
    match &key.scopes {
        Some(scopes) if !scopes.contains(&endpoint) => {
            Err(Refusal::scopes_forbid(&key.id, scopes, endpoint))
        }
        _ => Ok(()),
    }
}

/// Whether the caller's role covers an endpoint: by what it is, and in the caller's organization.
///
/// # Errors
/// The refusal.
pub fn authorize_role(caller: &Caller, endpoint: EndpointScope) -> Result<(), Refusal> {
    let key = &caller.key().policy;
    if !key.role.allows(endpoint) {
        return Err(Refusal::role_forbids(&key.id, key.role, endpoint));
    }
    let Some((scope, rights)) = caller.organization().role(key.role) else {
        return Ok(());
    };
    match &rights.allowed_endpoints {
        Some(allowed) if !allowed.contains(&endpoint) => Err(Refusal::organization_forbids(
            scope, key.role, allowed, endpoint,
        )),
        _ => Ok(()),
    }
}

/// What decides which models may be used, and at what price.
#[derive(Clone, Copy, Debug)]
pub struct ModelRights<'a> {
    /// The scopes that may narrow the models, and what they narrow them to: the key first, then its
    /// role, then the namespace, then the organization.
    pub lists: [(&'a str, Option<&'a [String]>); 4],
    /// What becomes of a model without a price.
    pub unknown_price: UnknownPrice,
    /// The regions that may serve; absent means that any may.
    pub allowed_regions: Option<&'a [String]>,
}

/// Why a model cannot serve a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// There is no such model.
    Unknown,
    /// This scope may not use it.
    NotAllowed(String),
    /// It is served in none of the regions that may serve, or nobody has said where.
    NotInRegion,
    /// It has no price, and the namespace refuses such models.
    NoPrice,
    /// It does not have this capability.
    Lacks(String),
    /// Its upstream does not serve this wire format, but these.
    NotServed(WireFormat, Vec<WireFormat>),
}

impl<'a> ModelRights<'a> {
    /// Those of a caller.
    pub fn of(caller: &'a Caller) -> ModelRights<'a> {
        let (key, namespace) = (caller.key(), caller.namespace());
        let organization = caller.organization();
        let role = organization.role(key.policy.role);
        let of_role =
            |(scope, rights): (&'a str, &'a RoleRights)| (scope, rights.allowed_models.as_deref());
        ModelRights {
            lists: [
                (&key.scope.name, key.policy.allowed_models.as_deref()),
                role.map_or(("", None), of_role),
                (
                    &namespace.scope.name,
                    namespace.policy.allowed_models.as_deref(),
                ),
                (
                    &organization.scope.name,
                    organization.policy.allowed_models.as_deref(),
                ),
            ],
            unknown_price: namespace.policy.unknown_price,
            allowed_regions: namespace.policy.settings.allowed_regions.as_deref(),
        }
    }

    /// The regions that may serve, if not all may.
    pub fn regions(&self) -> impl Iterator<Item = &'a str> {
        let allowed = self.allowed_regions.unwrap_or_default();
        allowed.iter().map(String::as_str)
    }

    /// Whether a model is served where it may be.
    fn covers(&self, model: &Model) -> bool {
        let Some(allowed) = self.allowed_regions else {
            return true;
        };
        let regions = model
            .deployments
            .iter()
            .filter_map(|one| one.region.as_ref());
        regions.into_iter().any(|region| allowed.contains(region))
    }

    /// What is charged for what a price leaves out.
    pub fn unpriced(&self) -> Unpriced {
        unpriced(self.unknown_price)
    }

    /// The price of a model of the catalog at a time.
    ///
    /// # Errors
    /// Where it may not be used.
    pub fn price<'c>(
        &self,
        catalog: &'c Catalog,
        model: &'c Model,
        now: Timestamp,
    ) -> Result<&'c Price, Obstacle> {
        let narrowed = |list: &[String]| !lists_model(list, catalog, model);
        if let Some((scope, _)) = self
            .lists
            .iter()
            .find(|(_, list)| list.is_some_and(narrowed))
        {
            return Err(Obstacle::NotAllowed((*scope).to_owned()));
        }
        if !self.covers(model) {
            return Err(Obstacle::NotInRegion);
        }
        match (model.price_at(now), self.unknown_price) {
            (Some(in_force), _) => Ok(in_force.price),
            (None, UnknownPrice::Free) => Ok(&FREE),
            (None, UnknownPrice::Dearest) => Ok(catalog.dearest()),
            (None, UnknownPrice::Refuse) => Err(Obstacle::NoPrice),
        }
    }

    /// The names of all models that no list leaves out and that are served where they may be.
    pub fn allowed<'c>(self, catalog: &'c Catalog) -> impl Iterator<Item = &'c str> + use<'a, 'c> {
        let models = catalog.models.iter().filter(move |model| {
            let lists = self.lists.iter().filter_map(|(_, list)| *list);
            let mut lists = lists.into_iter();
            self.covers(model) && lists.all(|list| lists_model(list, catalog, model))
        });
        models.map(|model| model.name.as_str())
    }
}

/// Whether the caller may use the model it names.
///
/// # Errors
/// The refusal.
pub fn authorize_model(
    caller: Caller,
    catalog: &Rc<Catalog>,
    requested: &str,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let rights = ModelRights::of(&caller);
    let allowed = || rights.allowed(catalog);
    let Some(model) = catalog.resolve(requested) else {
        return Err(Refusal::model_not_found(requested, allowed()));
    };
    rights
        .price(catalog, model, now)
        .map_err(|obstacle| match obstacle {
            Obstacle::NotAllowed(scope) => Refusal::model_not_allowed(&scope, requested, allowed()),
            Obstacle::NotInRegion => {
                let scope = &caller.namespace().scope.name;
                Refusal::region_not_allowed(scope, &model.name, rights.regions())
            }
            _ => {
                let scope = &caller.namespace().scope.name;
                Refusal::model_without_price(scope, &model.name, allowed())
            }
        })?;
    let index = catalog
        .models
        .iter()
        .position(|known| core::ptr::eq(known, model));
    Ok(Grant {
        catalog: Rc::clone(catalog),
        model: index.unwrap_or(usize::MAX),
        admitted_at: now,
        caller,
    })
}

/// Whether an allow-list holds a model, by its name or by an alias of it.
fn lists_model(list: &[String], catalog: &Catalog, model: &Model) -> bool {
    list.contains(&model.name)
        || list.iter().any(|entry| {
            catalog
                .resolve(entry)
                .is_some_and(|meant| meant.name == model.name)
        })
}
