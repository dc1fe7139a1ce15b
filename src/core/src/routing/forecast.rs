//! What a request would come to, told without sending it: `routing/resolve`.

use super::{Unroutable, reachable, route, served};
use crate::authorization::{ModelRights, Obstacle};
use crate::estimate::Estimate;
use crate::money::Money;
use crate::policy::{Catalog, Priority, Routing, is_auto};
use crate::price::CostOverflow;
use crate::request::{
    BodyError, Endpoint, Features, Hints, read_body, read_features, without_hints,
};
use crate::timestamp::Timestamp;
use crate::wire_format::WireFormat;

/// What a request would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The model that would serve it.
    pub model: String,
    /// The rule that chose it; absent where none matches, and where the request names a model.
    pub rule: Option<String>,
    /// What `x-paddock-reason` would say; absent where the request names a model.
    pub reason: Option<String>,
    /// What admission would charge and hold.
    pub estimate: Estimate,
    /// What would be held for the dearest model that the routing may lead this caller to.
    pub dearest: Money,
}

impl Forecast {
    /// What the choice saves against the dearest model, in hundredths of a percent: 0 to 10,000.
    pub fn savings(&self) -> u64 {
        let (chosen, dearest) = (self.estimate.money.nanos(), self.dearest.nanos());
        let saved = i128::from(dearest)
            .saturating_sub(i128::from(chosen))
            .max(0);
        let parts = saved
            .saturating_mul(10_000)
            .checked_div(i128::from(dearest));
        u64::try_from(parts.unwrap_or(0)).unwrap_or(0)
    }
}

/// Why there is no forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoForecast {
    /// The body is none that could be sent.
    Body(BodyError),
    /// It names `auto`, and the namespace has no routing.
    NoRouting,
    /// No model can serve it.
    Unroutable(Unroutable),
    /// The model it names cannot.
    Unusable(String, Obstacle),
    /// Its cost cannot be written down.
    Overflow(CostOverflow),
}

impl From<BodyError> for NoForecast {
    fn from(error: BodyError) -> Self {
        NoForecast::Body(error)
    }
}

impl From<CostOverflow> for NoForecast {
    fn from(overflow: CostOverflow) -> Self {
        NoForecast::Overflow(overflow)
    }
}

/// A request that is not sent.
#[derive(Clone, Copy, Debug)]
pub struct Unsent<'a> {
    /// Where it would be sent.
    pub endpoint: &'a Endpoint,
    /// The wire format a model must be served in; absent where any will do.
    pub format: Option<WireFormat>,
    /// Its body.
    pub body: &'a [u8],
    /// What its headers say.
    pub hints: &'a Hints,
}

/// Forecasts a request, in a namespace of this routing and priority.
///
/// # Errors
/// [`NoForecast`].
pub fn forecast(
    routing: Option<&Routing>,
    priority: Priority,
    unsent: Unsent<'_>,
    catalog: &Catalog,
    rights: &ModelRights<'_>,
    now: Timestamp,
) -> Result<Forecast, NoForecast> {
    let Unsent {
        endpoint,
        format,
        body,
        hints,
    } = unsent;
    let request = read_body(endpoint, body)?;
    if !is_auto(&request.model) {
        let unusable = |why| NoForecast::Unusable(request.model.clone().into_owned(), why);
        let model = catalog.resolve(&request.model);
        let model = model.ok_or_else(|| unusable(Obstacle::Unknown))?;
        let price = rights.price(catalog, model, now).map_err(unusable)?;
        served(model, format).map_err(unusable)?;
        let estimate = Estimate::of(endpoint, &request, model, price, rights.unpriced())?;
        return Ok(Forecast {
            model: model.name.clone(),
            rule: None,
            reason: None,
            dearest: estimate.money,
            estimate,
        });
    }
    let routing = routing.ok_or(NoForecast::NoRouting)?;
    let features = Features {
        format,
        ..read_features(endpoint, &request, body, hints)
    };
    let routed = route(routing, &features, priority, catalog, rights, now);
    let routed = routed.map_err(NoForecast::Unroutable)?;
    // As the exchange does: what is not sent is not estimated.
    let stripped = without_hints(body);
    let request = match &stripped {
        Some(body) => read_body(endpoint, body)?,
        None => request,
    };
    let estimate = Estimate::of(
        endpoint,
        &request,
        routed.model,
        routed.price,
        rights.unpriced(),
    )?;
    let mut dearest = estimate.money;
    for (model, price) in reachable(routing, format, catalog, rights, now) {
        let other = Estimate::of(endpoint, &request, model, price, rights.unpriced())?;
        dearest = dearest.max(other.money);
    }
    Ok(Forecast {
        model: routed.model.name.clone(),
        rule: routed.rule.map(str::to_owned),
        reason: Some(routed.to_string()),
        estimate,
        dearest,
    })
}
