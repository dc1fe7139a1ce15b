//! A price, as it is answered.

use crate::api::prelude::*;
use paddock_core::money::Money;
use paddock_core::policy::{FormatPaths, Model};
use paddock_core::usage::Price;

/// A model's price, in dollars per million tokens, and where it is served.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Price)]
pub struct PriceView {
    /// The model.
    model: String,
    /// What this is.
    object: &'static str,
    /// The Envoy cluster that serves it.
    upstream: String,
    /// The upstream's name for it, if that is another one.
    upstream_model: Option<String>,
    /// Where the upstream serves each wire format.
    paths: FormatPaths,
    /// US dollars per million input tokens; `null` if the model has no price.
    input_usd_per_million: Option<f64>,
    /// The same of input read from the cache.
    cached_input_usd_per_million: Option<f64>,
    /// The same of input written to the cache for five minutes.
    cache_write_5m_usd_per_million: Option<f64>,
    /// The same of input written to the cache for an hour.
    cache_write_1h_usd_per_million: Option<f64>,
    /// The same of output.
    output_usd_per_million: Option<f64>,
    /// The same of reasoning.
    reasoning_usd_per_million: Option<f64>,
    /// The price of a batch, in percent of these prices.
    batch_percent: Option<u64>,
    /// The most output tokens of one answer.
    max_output_tokens: u64,
    /// What the model can do; if empty, nothing is known about that.
    capabilities: Vec<String>,
}

impl From<&Model> for PriceView {
    fn from(model: &Model) -> PriceView {
        let dollars =
            |nanos: u64| Money::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)).to_dollars();
        let price = model.price;
        let part = |part: fn(&Price) -> Option<u64>| price.as_ref().and_then(part).map(dollars);
        PriceView {
            model: model.name.clone(),
            object: "price",
            upstream: model.upstream.clone(),
            upstream_model: model.upstream_model.clone(),
            paths: model.paths.clone(),
            input_usd_per_million: price.map(|price| dollars(price.input)),
            cached_input_usd_per_million: part(|price| price.cached_input.or(Some(price.input))),
            cache_write_5m_usd_per_million: part(|price| {
                price.cache_write_5m.or(Some(price.input))
            }),
            cache_write_1h_usd_per_million: part(|price| {
                price.cache_write_1h.or(Some(price.input))
            }),
            output_usd_per_million: price.map(|price| dollars(price.output)),
            reasoning_usd_per_million: part(|price| price.reasoning.or(Some(price.output))),
            batch_percent: price.map(|price| price.batch_percent.unwrap_or(100)),
            max_output_tokens: model.max_output_tokens,
            capabilities: model.capabilities.clone(),
        }
    }
}
