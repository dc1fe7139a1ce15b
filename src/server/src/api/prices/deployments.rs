//! The deployments of a model, as they are sent and answered.

use super::parts::{
    DeploymentPrice, PriceSteps, fees, read_fees, read_surcharges, read_tiers, read_units,
    surcharges, tiers, units,
};
use crate::api::prelude::*;
use paddock_core::policy::{
    Deployment, FormatPaths, MAX_DEPLOYMENT_PRIORITY, MAX_WEIGHT, is_region,
};
use paddock_core::price::{Price, Rates};

/// A deployment's place among the others.
type Priority = Whole<0, MAX_DEPLOYMENT_PRIORITY>;
/// A deployment's part of the calls.
type Weight = Whole<1, MAX_WEIGHT>;

/// All places that serve a model: at most 8.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(max_items = 8)]
pub struct Deployments(Vec<DeploymentView>);

/// One of the places that serve a model.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Deployment)]
pub struct DeploymentView {
    /// The Envoy cluster that serves it.
    upstream: Text,
    /// The upstream's name for the model, if that is another one.
    #[serde(default)]
    upstream_model: Option<Text>,
    /// Where the upstream serves each wire format.
    #[serde(default)]
    paths: FormatPaths,
    /// One is tried before all of a higher number.
    #[serde(default = "first")]
    priority: Priority,
    /// Its part of the calls among those of its priority.
    #[serde(default = "one")]
    weight: Weight,
    /// Where it computes, in a word of yours: letters, digits, `-`, `_` and `.`.
    #[serde(default)]
    region: Option<Text>,
    /// What a call costs that it serves; if left out, what the model costs.
    #[serde(default)]
    price: Option<DeploymentPrice>,
}

fn first() -> Priority {
    Priority::from(0)
}

fn one() -> Weight {
    Weight::from(1)
}

impl Deployments {
    /// Deployments as they are answered.
    pub fn of(deployments: &[Deployment]) -> Deployments {
        let view = |one: &Deployment| {
            let text = |text: &Option<String>| text.clone().map(Text::from);
            DeploymentView {
                upstream: Text::from(one.upstream.clone()),
                upstream_model: text(&one.upstream_model),
                paths: one.paths.clone(),
                priority: Priority::from(one.priority),
                weight: Weight::from(one.weight),
                region: text(&one.region),
                price: one.price.as_ref().map(priced),
            }
        };
        Deployments(deployments.iter().map(view).collect())
    }

    /// The deployments.
    ///
    /// # Errors
    /// 400 if a price lacks what text costs, or has parts that are none.
    pub fn read(self) -> Result<Vec<Deployment>, ApiError> {
        let read = |one: DeploymentView| {
            let price = one.price.map(read_price).transpose()?;
            let region = one.region.map(String::from);
            if region.as_deref().is_some_and(|region| !is_region(region)) {
                let message = "A region has 1 to 64 letters, digits, '-', '_' or '.'.";
                return Err(ApiError::invalid("deployments", message));
            }
            Ok(Deployment {
                upstream: one.upstream.into(),
                upstream_model: one.upstream_model.map(String::from),
                paths: one.paths,
                priority: one.priority.into(),
                weight: one.weight.into(),
                region,
                price,
            })
        };
        self.0.into_iter().map(read).collect()
    }
}

fn priced(price: &Price) -> DeploymentPrice {
    DeploymentPrice::new(
        &price.rates,
        Some(fees(price)),
        Some(units(price)),
        Some(tiers(price)),
        Some(PriceSteps::of(&price.steps)),
        Some(surcharges(price)),
    )
}

fn read_price(sent: DeploymentPrice) -> Result<Price, ApiError> {
    let mut rates = Rates::from(&sent);
    if sent.units_usd.is_some() {
        rates.input = rates.input.or(Some(0));
        rates.output = rates.output.or(Some(0));
    }
    if rates.input.is_none() || rates.output.is_none() {
        let message = "The price of a deployment needs 'input_usd_per_million' and \
                       'output_usd_per_million'.";
        return Err(ApiError::invalid("deployments", message));
    }
    Ok(Price {
        rates,
        fees: sent.fees_usd.map(read_fees).unwrap_or_default(),
        units: sent.units_usd.map(read_units).unwrap_or_default(),
        tiers: sent.tiers.map(read_tiers).transpose()?.unwrap_or_default(),
        steps: match sent.steps {
            Some(steps) => steps.read("deployments")?,
            None => Vec::new(),
        },
        surcharges: sent
            .surcharges_percent
            .map(read_surcharges)
            .unwrap_or_default(),
    })
}
