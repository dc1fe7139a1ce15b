//! A price, as it is answered.

use super::deployments::Deployments;
use super::parts::{
    self, Fees, LaterPrice, MediaTokensView, PriceSteps, Surcharges, Tiers, Tokens, UnitPrices,
};
use crate::api::prelude::*;
use crate::http::body::values::TokenPrice;
use paddock_core::policy::{FormatPaths, Model, OutputLimitField};
use paddock_core::price::{Price, Tier};
use paddock_core::timestamp::Timestamp;

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
    /// All places that serve it; empty if the upstream above is the only one.
    deployments: Deployments,
    /// US dollars per million input tokens; `null` if the model has no price.
    input_usd_per_million: Option<TokenPrice>,
    /// The same of input read from the cache.
    cached_input_usd_per_million: Option<TokenPrice>,
    /// The same of input written to the cache for five minutes.
    cache_write_5m_usd_per_million: Option<TokenPrice>,
    /// The same of input written to the cache for an hour.
    cache_write_1h_usd_per_million: Option<TokenPrice>,
    /// The same of output.
    output_usd_per_million: Option<TokenPrice>,
    /// The same of reasoning.
    reasoning_usd_per_million: Option<TokenPrice>,
    /// The same of input of audio; `null` if nobody has set it.
    audio_input_usd_per_million: Option<TokenPrice>,
    /// The same of input of images and video.
    image_input_usd_per_million: Option<TokenPrice>,
    /// The same of output of audio; `null` if nobody has set it.
    audio_output_usd_per_million: Option<TokenPrice>,
    /// The same of output of images; `null` if nobody has set it.
    image_output_usd_per_million: Option<TokenPrice>,
    /// The price of a batch, in percent of these prices; `null` if it has prices of its own.
    batch_percent: Option<u64>,
    /// US dollars per call of the provider's tools.
    fees_usd: Fees,
    /// US dollars per image, second, character, page and search.
    units_usd: UnitPrices,
    /// What a call costs in other tiers.
    tiers: Tiers,
    /// Other prices of calls with long prompts.
    steps: PriceSteps,
    /// Percent that are added in regions.
    surcharges_percent: Surcharges,
    /// Since when the price is in force; `null` if it always was.
    #[schema(format = DateTime)]
    effective_from: Option<String>,
    /// Prices that come into force later, the earliest first.
    later: Vec<LaterPrice>,
    /// The most output tokens of one answer; 4096 if nobody has said.
    max_output_tokens: u64,
    /// The field of chat completions that limits its output; `null` if all that the format has do.
    output_limit_field: Option<OutputLimitField>,
    /// The most tokens of prompt and answer together; `null` if nobody has said.
    context_window: Option<Tokens>,
    /// The most tokens of one medium within a prompt.
    media_tokens: MediaTokensView,
    /// What the model can do; if empty, nothing is known about that.
    capabilities: Vec<String>,
}

impl PriceView {
    /// The model as it is now.
    pub fn at(model: &Model, now: Timestamp) -> PriceView {
        let mut model = model.clone();
        model.settle_prices(now);
        PriceView::from(&model)
    }
}

impl From<&Model> for PriceView {
    fn from(model: &Model) -> PriceView {
        let none = Price::default();
        let price = model.price.as_ref().unwrap_or(&none);
        let rates = &price.rates;
        let dollars = |nanos: Option<u64>| nanos.map(TokenPrice::from);
        let later = model.later_prices.iter().map(|later| {
            let from = later.effective_from.to_rfc3339();
            LaterPrice::of(&later.price, from)
        });
        let from = Some(model.price_from).filter(|from| *from != Timestamp::EPOCH);
        PriceView {
            model: model.name.clone(),
            object: "price",
            upstream: model.upstream.clone(),
            upstream_model: model.upstream_model.clone(),
            paths: model.paths.clone(),
            deployments: Deployments::of(&model.deployments),
            input_usd_per_million: dollars(rates.input),
            cached_input_usd_per_million: dollars(rates.cached_input.or(rates.input)),
            cache_write_5m_usd_per_million: dollars(rates.cache_write_5m.or(rates.input)),
            cache_write_1h_usd_per_million: dollars(
                rates
                    .cache_write_1h
                    .or(rates.input.max(rates.cache_write_5m)),
            ),
            output_usd_per_million: dollars(rates.output),
            reasoning_usd_per_million: dollars(rates.reasoning.or(rates.output)),
            audio_input_usd_per_million: dollars(rates.audio_input),
            image_input_usd_per_million: dollars(rates.image_input.or(rates.input)),
            audio_output_usd_per_million: dollars(rates.audio_output),
            image_output_usd_per_million: dollars(rates.image_output),
            batch_percent: match (&model.price, price.tiers.get("batch")) {
                (None, _) | (_, Some(Tier::Rates { .. })) => None,
                (_, Some(Tier::Percent(percent))) => Some(*percent),
                (_, None) => Some(100),
            },
            fees_usd: parts::fees(price),
            units_usd: parts::units(price),
            tiers: parts::tiers(price),
            steps: PriceSteps::of(&price.steps),
            surcharges_percent: parts::surcharges(price),
            effective_from: from.map(Timestamp::to_rfc3339),
            later: later.collect(),
            max_output_tokens: model.assumed_output_tokens(),
            output_limit_field: model.output_limit_field,
            context_window: model.context_window.map(Tokens::from),
            media_tokens: model.media_tokens.into(),
            capabilities: model.capabilities.clone(),
        }
    }
}
