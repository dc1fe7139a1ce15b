//! What a caller may use: endpoint, model and price.

use crate::identity::Caller;
use crate::policy::{Catalog, EndpointScope, Model, UnknownPrice};
use crate::refusal::Refusal;
use crate::usage::Price;
use std::rc::Rc;

/// Proof that a caller may use a model, and at which price.
#[derive(Clone, Debug)]
pub struct Grant {
    caller: Caller,
    catalog: Rc<Catalog>,
    model: usize,
    price: Price,
}

impl Grant {
    /// Who may use it.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The model.
    pub fn model(&self) -> Option<&Model> {
        self.catalog.models.get(self.model)
    }

    /// Its price for this caller.
    pub fn price(&self) -> &Price {
        &self.price
    }
}

/// Whether the caller's role and key cover an endpoint.
///
/// # Errors
/// The refusal.
pub fn authorize_endpoint(caller: &Caller, endpoint: EndpointScope) -> Result<(), Refusal> {
    let key = &caller.key().policy;
    if !key.role.allows(endpoint) {
        return Err(Refusal::role_forbids(&key.id, key.role, endpoint));
    }
    match &key.scopes {
        Some(scopes) if !scopes.contains(&endpoint) => {
            Err(Refusal::scopes_forbid(&key.id, scopes, endpoint))
        }
        _ => Ok(()),
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
) -> Result<Grant, Refusal> {
    let Some(model) = catalog.resolve(requested) else {
        return Err(Refusal::model_not_found(
            requested,
            allowed_models(&caller, catalog),
        ));
    };
    let lists = [
        (
            &caller.key().scope.name,
            &caller.key().policy.allowed_models,
        ),
        (
            &caller.namespace().scope.name,
            &caller.namespace().policy.allowed_models,
        ),
    ];
    for (scope, list) in lists {
        if list
            .as_ref()
            .is_some_and(|list| !lists_model(list, catalog, model))
        {
            let allowed = allowed_models(&caller, catalog);
            return Err(Refusal::model_not_allowed(scope, requested, allowed));
        }
    }
    let price = match (model.price, caller.namespace().policy.unknown_price) {
        (Some(price), _) => price,
        (None, UnknownPrice::Free) => Price::FREE,
        (None, UnknownPrice::Refuse) => {
            let scope = &caller.namespace().scope.name;
            let allowed = allowed_models(&caller, catalog);
            return Err(Refusal::model_without_price(scope, &model.name, allowed));
        }
    };
    let index = catalog
        .models
        .iter()
        .position(|known| core::ptr::eq(known, model));
    Ok(Grant {
        caller,
        catalog: Rc::clone(catalog),
        model: index.unwrap_or(usize::MAX),
        price,
    })
}

/// The names of all models the caller may use.
pub fn allowed_models<'a>(
    caller: &'a Caller,
    catalog: &'a Catalog,
) -> impl Iterator<Item = &'a str> {
    let lists = [
        &caller.key().policy.allowed_models,
        &caller.namespace().policy.allowed_models,
    ];
    catalog
        .models
        .iter()
        .filter(move |model| {
            lists
                .iter()
                .copied()
                .flatten()
                .all(|list| lists_model(list, catalog, model))
        })
        .map(|model| model.name.as_str())
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
