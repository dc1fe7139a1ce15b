//! `/v1/prices`: models and what they cost.

mod list;
mod put;

use crate::app::SharedApp;
use axum::Router;
use axum::routing::get;
use paddock_core::money::Money;
use paddock_core::policy::{FormatPaths, Model};
use paddock_core::usage::Price;
use serde::Serialize;

/// The routes of prices. A model's name may contain slashes.
pub fn routes() -> Router<SharedApp> {
    Router::new()
        .route("/v1/prices", get(list::handle))
        .route("/v1/prices/{*model}", get(list::one).put(put::handle))
}

/// A model's price, in dollars per million tokens, and where it is served.
#[derive(Debug, Serialize)]
struct PriceView {
    model: String,
    object: &'static str,
    upstream: String,
    upstream_model: Option<String>,
    paths: FormatPaths,
    input_usd_per_million: Option<f64>,
    cached_input_usd_per_million: Option<f64>,
    cache_write_5m_usd_per_million: Option<f64>,
    cache_write_1h_usd_per_million: Option<f64>,
    output_usd_per_million: Option<f64>,
    reasoning_usd_per_million: Option<f64>,
    batch_percent: Option<u64>,
    max_output_tokens: u64,
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
