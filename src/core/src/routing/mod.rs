//! Which model serves a request that leaves the choice to Paddock: a pure function of the
//! namespace's routing, what the request is like, and what its caller may use.
//!
//! Bytes and HTTP must be absent.

mod forecast;
mod matching;
mod refusals;

pub use forecast::{Forecast, NoForecast, Unsent, forecast};

use crate::authorization::{ModelRights, Obstacle};
use crate::policy::{Catalog, Model, Priority, Routing};
use crate::price::Price;
use crate::request::Features;
use crate::timestamp::Timestamp;
use crate::wire_format::WireFormat;
use core::fmt;

/// The model that serves a request, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routed<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its price for this caller.
    pub price: &'a Price,
    /// The rule that matched; absent where none did.
    pub rule: Option<&'a str>,
    /// Whether the rule's own target could not serve it.
    pub is_fallback: bool,
}

/// What `x-paddock-reason` says.
impl fmt::Display for Routed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rule, self.is_fallback) {
            (Some(rule), false) => write!(f, "routed: {rule}"),
            (Some(rule), true) => write!(f, "routed: {rule} (fallback)"),
            (None, _) => f.write_str("routed: no rule matches (fallback_model)"),
        }
    }
}

/// No model can serve the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unroutable {
    /// The rule that matched; absent where none did.
    pub rule: Option<String>,
    /// The models that were tried, and why each of them cannot.
    pub tried: Vec<(String, Obstacle)>,
}

/// Chooses the model: that of the first rule that matches, else the rule's `fallback`, else
/// `fallback_model`. A model that does not exist, that the caller may not use, that has no price,
/// lacks what the rule requires or is not served in the caller's wire format is passed over. No further rule is tried: the first that matches
/// decides, so that what a request may be routed to can be read off one rule.
///
/// `priority` is the namespace's, for requests that name none.
///
/// # Errors
/// [`Unroutable`] where all are passed over, or no rule matches and there is no `fallback_model`.
pub fn route<'a>(
    routing: &'a Routing,
    features: &Features,
    priority: Priority,
    catalog: &'a Catalog,
    rights: &ModelRights<'_>,
    now: Timestamp,
) -> Result<Routed<'a>, Unroutable> {
    let mut matching = routing.rules.iter();
    let rule = matching.find(|rule| rule.match_conditions.hold(features, priority));
    let required = rule.and_then(|rule| rule.match_conditions.model_capability_required.as_deref());
    let mut tried: Vec<(String, Obstacle)> = Vec::new();
    let own = rule.into_iter().flat_map(|rule| rule.models());
    for name in own.chain(routing.fallback_model.as_deref()) {
        match usable(name, required, features.format, catalog, rights, now) {
            Ok((model, price)) => {
                return Ok(Routed {
                    model,
                    price,
                    rule: rule.map(|rule| rule.name.as_str()),
                    is_fallback: !tried.is_empty() || rule.is_none(),
                });
            }
            Err(obstacle) => tried.push((name.to_owned(), obstacle)),
        }
    }
    Err(Unroutable {
        rule: rule.map(|rule| rule.name.clone()),
        tried,
    })
}

/// Every model that the routing may lead this caller to in a wire format, each once, with its price.
pub fn reachable<'a>(
    routing: &'a Routing,
    format: Option<WireFormat>,
    catalog: &'a Catalog,
    rights: &ModelRights<'_>,
    now: Timestamp,
) -> Vec<(&'a Model, &'a Price)> {
    let mut models: Vec<(&Model, &Price)> = Vec::new();
    for name in routing.models() {
        if let Ok((model, price)) = usable(name, None, format, catalog, rights, now)
            && !models.iter().any(|(other, _)| other.name == model.name)
        {
            models.push((model, price));
        }
    }
    models
}

fn usable<'a>(
    name: &str,
    required: Option<&str>,
    format: Option<WireFormat>,
    catalog: &'a Catalog,
    rights: &ModelRights<'_>,
    now: Timestamp,
) -> Result<(&'a Model, &'a Price), Obstacle> {
    let model = catalog.resolve(name).ok_or(Obstacle::Unknown)?;
    if let Some(needed) = required.filter(|needed| !model.may_have(needed)) {
        return Err(Obstacle::Lacks(needed.to_owned()));
    }
    let price = rights.price(catalog, model, now)?;
    served(model, format)?;
    Ok((model, price))
}

/// Whether a model's upstream serves a wire format, where there is one it must serve.
///
/// # Errors
/// [`Obstacle::NotServed`].
pub(crate) fn served(model: &Model, format: Option<WireFormat>) -> Result<(), Obstacle> {
    match format {
        Some(format) if !model.is_served_in(format) => {
            let formats = model.paths.formats().collect();
            Err(Obstacle::NotServed(format, formats))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
