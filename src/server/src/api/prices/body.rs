//! What is sent about prices.

use super::deployments::Deployments;
use super::parts::{
    self, Fees, MediaTokensView, PriceSteps, Surcharges, Tiers, Tokens, UnitPrices,
};
use crate::api::prelude::*;
use crate::http::body::values::{Moment, TokenPrice, value};
use paddock_core::policy::{
    FormatPaths, LaterPrice, MediaTokens, Model, OutputLimitField, capability,
};
use paddock_core::price::Price;
use paddock_core::timestamp::Timestamp;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

/// Most prices of a model that are to come.
const MAX_LATER: usize = 16;
/// Most capabilities of a model.
const MAX_CAPABILITIES: usize = 1_000;

/// A model's price and route. A new model needs `input_usd_per_million`, `output_usd_per_million` (or
/// `units_usd`) and `upstream`. Of a known one, what is left out stays. A price that is `null` follows the others: cached,
/// cache-write and image input cost what `input` does, reasoning what `output` does, a batch the full
/// price. Objects and lists are replaced as a whole.
#[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "input_usd_per_million": 2.5, "cached_input_usd_per_million": 1.25,
    "output_usd_per_million": 8.0, "upstream": "openai",
}))]
pub struct PutPrice {
    /// US dollars per million input tokens.
    input_usd_per_million: Option<TokenPrice>,
    /// US dollars per million input tokens read from the provider's cache.
    cached_input_usd_per_million: Option<Option<TokenPrice>>,
    /// US dollars per million input tokens written to the provider's cache for five minutes.
    cache_write_5m_usd_per_million: Option<Option<TokenPrice>>,
    /// US dollars per million input tokens written to the provider's cache for an hour.
    cache_write_1h_usd_per_million: Option<Option<TokenPrice>>,
    /// US dollars per million output tokens.
    output_usd_per_million: Option<TokenPrice>,
    /// US dollars per million tokens of reasoning.
    reasoning_usd_per_million: Option<Option<TokenPrice>>,
    /// US dollars per million input tokens of audio; if not set, 16 times what text costs is charged.
    audio_input_usd_per_million: Option<Option<TokenPrice>>,
    /// US dollars per million input tokens of images and video.
    image_input_usd_per_million: Option<Option<TokenPrice>>,
    /// US dollars per million output tokens of audio; if not set, 16 times what text costs is charged.
    audio_output_usd_per_million: Option<Option<TokenPrice>>,
    /// US dollars per million output tokens of images; if not set, 16 times what text costs is charged.
    image_output_usd_per_million: Option<Option<TokenPrice>>,
    /// The price of a batch, in percent of the prices above: of the tiers `batch` and `flex`.
    batch_percent: Option<Option<Whole<0, 100>>>,
    /// US dollars per call of the provider's tools.
    #[schema(nullable, example = json!({ "web_search": 0.01 }))]
    fees_usd: Option<Option<Fees>>,
    /// US dollars per image, second, character, page and search. With them tokens may cost nothing.
    #[schema(nullable, example = json!({ "image": 0.04, "image:hd:1024x1024": 0.08 }))]
    units_usd: Option<Option<UnitPrices>>,
    /// What a call costs that is served in another tier, by the tier's name.
    #[schema(nullable, example = json!({ "priority": { "percent": 200 } }))]
    tiers: Option<Option<Tiers>>,
    /// Other prices of calls with long prompts.
    steps: Option<Option<PriceSteps>>,
    /// Percent that are added to the tokens of a call served in a region, by the region's name.
    #[schema(nullable, example = json!({ "us": 10 }))]
    surcharges_percent: Option<Option<Surcharges>>,
    /// When these prices come into force: now, if left out, or later. Then nothing else can be sent.
    effective_from: Option<Option<Moment>>,
    /// The most output tokens of one answer; `null` if it is not known.
    max_output_tokens: Option<Option<Tokens>>,
    /// The field of chat completions that limits a model's output. `null` if all that the format has do.
    output_limit_field: Option<Option<OutputLimitField>>,
    /// The most tokens of prompt and answer together.
    context_window: Option<Option<Tokens>>,
    /// The most tokens of one medium within a prompt.
    media_tokens: Option<Option<MediaTokensView>>,
    /// What the model can do; if empty, nothing is known about that.
    capabilities: Option<Option<Capabilities>>,
    /// The Envoy cluster that serves it.
    upstream: Option<Text>,
    /// The upstream's name for it, if that is another one.
    upstream_model: Option<Option<Text>>,
    /// Where the upstream serves each wire format.
    paths: Option<Option<FormatPaths>>,
    /// All places that serve it, in place of `upstream`, `upstream_model` and `paths`; `null` if it is the
    /// first of them alone.
    deployments: Option<Option<Deployments>>,
}

/// What a model can do, each one word such as `vision`, `tools` or `json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

value!(
    Capabilities,
    "a list of words such as vision, tools or json",
    |value| {
        let words = value.as_array()?;
        let mut capabilities = Vec::new();
        for word in words.iter().take(MAX_CAPABILITIES.saturating_add(1)) {
            let name = capability(word.as_str()?)?;
            if !capabilities.contains(&name) {
                capabilities.push(name);
            }
        }
        (words.len() <= MAX_CAPABILITIES).then_some(Capabilities(capabilities))
    },
    ArrayBuilder::new()
        .items(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(64))
                .pattern(Some("^[A-Za-z0-9_.-]+$"))
                .examples(["vision"])
        )
        .max_items(Some(MAX_CAPABILITIES))
);

impl From<Capabilities> for Vec<String> {
    fn from(capabilities: Capabilities) -> Vec<String> {
        capabilities.0
    }
}

impl PutPrice {
    /// The model of that name as it is to be. `own` is the model as it is now, if it is known.
    ///
    /// # Errors
    /// 400 if a new model lacks a price or an upstream, a path is not one, or prices are to be in force
    /// in the past.
    pub fn apply(
        mut self,
        name: &str,
        own: Option<&Model>,
        now: Timestamp,
    ) -> Result<Model, ApiError> {
        // Moments are answered in whole seconds.
        let now = Timestamp::from_secs(now.secs());
        let from = self.effective_from.take().value();
        let from = from.map_or(now, |from| {
            Timestamp::from_secs(Timestamp::from(from).secs())
        });
        if from > now {
            return self.apply_later(own, from);
        }
        let mut model = match own {
            Some(own) => own.clone(),
            None => self.new_model(name)?,
        };
        let price = self.price(model.price.take())?;
        if own.and_then(|own| own.price.as_ref()) != Some(&price) {
            if from < now {
                let message = "'effective_from' is past. A new price holds for calls from now on: \
                               leave it out, or name a moment to come.";
                return Err(ApiError::invalid("effective_from", message));
            }
            model.price_from = now;
        }
        model.price = Some(price);
        self.route(&mut model)?;
        self.capabilities
            .set_or(&mut model.capabilities, Vec::new());
        self.max_output_tokens.apply(&mut model.max_output_tokens);
        self.output_limit_field.apply(&mut model.output_limit_field);
        self.context_window.apply(&mut model.context_window);
        self.media_tokens
            .set_or(&mut model.media_tokens, MediaTokens::default());
        Ok(model)
    }

    /// A known model with another price from a moment to come.
    fn apply_later(self, own: Option<&Model>, from: Timestamp) -> Result<Model, ApiError> {
        let at_once = [
            ("upstream", self.upstream.is_some()),
            ("upstream_model", self.upstream_model.is_some()),
            ("paths", self.paths.is_some()),
            ("deployments", self.deployments.is_some()),
            ("capabilities", self.capabilities.is_some()),
            ("max_output_tokens", self.max_output_tokens.is_some()),
            ("output_limit_field", self.output_limit_field.is_some()),
            ("context_window", self.context_window.is_some()),
            ("media_tokens", self.media_tokens.is_some()),
        ];
        if let Some((field, _)) = at_once.into_iter().find(|(_, is_sent)| *is_sent) {
            let message = format!(
                "'{field}' changes at once: send it without 'effective_from', apart from the \
                 prices to come."
            );
            return Err(ApiError::invalid(field, message));
        }
        let Some(own) = own else {
            let message = "A new model needs a price that is in force now: leave \
                           'effective_from' out.";
            return Err(ApiError::invalid("effective_from", message));
        };
        let mut model = own.clone();
        let before = model.price_at(from).map(|in_force| in_force.price.clone());
        let price = self.price(before.clone())?;
        if before.as_ref() == Some(&price) {
            return Ok(model);
        }
        let later = &mut model.later_prices;
        later.retain(|later| later.effective_from != from);
        if later.len() >= MAX_LATER {
            let message = format!("At most {MAX_LATER} prices of a model can be to come.");
            return Err(ApiError::invalid("effective_from", message));
        }
        later.push(LaterPrice {
            effective_from: from,
            price,
        });
        later.sort_by_key(|later| later.effective_from);
        Ok(model)
    }

    fn new_model(&self, name: &str) -> Result<Model, ApiError> {
        let is_deployed = matches!(self.deployments, Some(Some(_)));
        let upstream = self.upstream.clone().map(String::from);
        let Some(upstream) = upstream.or_else(|| is_deployed.then(String::new)) else {
            let message = "Missing required parameter: 'upstream'. A new model needs the name of the \
                           Envoy cluster that serves it.";
            return Err(ApiError::invalid("upstream", message));
        };
        Ok(Model::new(name, upstream))
    }

    /// Sets where the model is served.
    fn route(&mut self, model: &mut Model) -> Result<(), ApiError> {
        let sent = [
            ("upstream", self.upstream.is_some()),
            ("upstream_model", self.upstream_model.is_some()),
            ("paths", self.paths.is_some()),
        ];
        let sent = sent.into_iter().find(|(_, is_sent)| *is_sent);
        let keeps = self.deployments.is_none() && !model.deployments.is_empty();
        let replaces = matches!(self.deployments, Some(Some(_)));
        if let (Some((field, _)), true) = (sent, keeps || replaces) {
            let message = format!(
                "'{field}' is of a model with one deployment: send it without 'deployments', or with \
                 'deployments' null."
            );
            return Err(ApiError::invalid(field, message));
        }
        if let Some(deployments) = self.deployments.take() {
            let deployments = deployments.map(Deployments::read).transpose()?;
            model.set_deployments(deployments.unwrap_or_default());
            let problems = model.deployment_problems();
            if !problems.is_empty() || model.upstream.is_empty() {
                let problems = match problems.is_empty() {
                    true => "there must be one at least".to_owned(),
                    false => problems.join("; "),
                };
                let message = format!("'deployments': {problems}.");
                return Err(ApiError::invalid("deployments", message));
            }
        }
        let problems = self.paths.iter().flatten().flat_map(FormatPaths::problems);
        if let Some(problems) = problems.reduce(|all, problem| all + "; " + &problem) {
            return Err(ApiError::invalid("paths", format!("'paths': {problems}.")));
        }
        let upstream = self.upstream.take().map(String::from);
        if let Some(upstream) = upstream.filter(|upstream| *upstream != model.upstream) {
            // The name and the paths at the old upstream do not hold for another.
            model.upstream = upstream;
            model.upstream_model = None;
            model.paths = FormatPaths::default();
        }
        self.upstream_model.take().apply(&mut model.upstream_model);
        self.paths
            .take()
            .set_or(&mut model.paths, FormatPaths::default());
        Ok(())
    }

    /// The price that follows on `before`.
    fn price(&self, before: Option<Price>) -> Result<Price, ApiError> {
        let mut price = before.unwrap_or_default();
        let rates = &mut price.rates;
        for (name, sent, rate) in [
            (
                "input_usd_per_million",
                self.input_usd_per_million,
                &mut rates.input,
            ),
            (
                "output_usd_per_million",
                self.output_usd_per_million,
                &mut rates.output,
            ),
        ] {
            let other = matches!(self.units_usd, Some(Some(_))).then_some(0);
            *rate = sent.map(u64::from).or(*rate).or(other);
            if rate.is_none() {
                return Err(ApiError::missing(name));
            }
        }
        for (sent, rate) in [
            (self.cached_input_usd_per_million, &mut rates.cached_input),
            (
                self.cache_write_5m_usd_per_million,
                &mut rates.cache_write_5m,
            ),
            (
                self.cache_write_1h_usd_per_million,
                &mut rates.cache_write_1h,
            ),
            (self.reasoning_usd_per_million, &mut rates.reasoning),
            (self.audio_input_usd_per_million, &mut rates.audio_input),
            (self.image_input_usd_per_million, &mut rates.image_input),
            (self.audio_output_usd_per_million, &mut rates.audio_output),
            (self.image_output_usd_per_million, &mut rates.image_output),
        ] {
            sent.apply(rate);
        }
        if let Some(fees) = &self.fees_usd {
            price.fees = fees.clone().map(parts::read_fees).unwrap_or_default();
        }
        if let Some(units) = &self.units_usd {
            price.units = units.clone().map(parts::read_units).unwrap_or_default();
        }
        if let Some(tiers) = &self.tiers {
            let tiers = tiers.clone().map(parts::read_tiers).transpose()?;
            price.tiers = tiers.unwrap_or_default();
        }
        if let Some(steps) = &self.steps {
            let steps = steps.clone().map(|steps| steps.read("steps"));
            price.steps = steps.transpose()?.unwrap_or_default();
        }
        if let Some(surcharges) = &self.surcharges_percent {
            let surcharges = surcharges.clone().map(parts::read_surcharges);
            price.surcharges = surcharges.unwrap_or_default();
        }
        if let Some(percent) = self.batch_percent {
            price.set_batch_percent(percent.map(u64::from));
        }
        Ok(price)
    }
}
