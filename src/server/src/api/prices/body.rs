//! What is sent about prices.

use crate::api::prelude::*;
use crate::http::body::values::{TokenPrice, value};
use paddock_core::policy::{DEFAULT_MAX_OUTPUT_TOKENS, FormatPaths, Model, capability};
use paddock_core::usage;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

/// The most output tokens of one answer.
type OutputTokens = Whole<1, 100_000_000>;
/// Most capabilities of a model.
const MAX_CAPABILITIES: usize = 1_000;

/// A model's price and route. A new model needs `input_usd_per_million`, `output_usd_per_million` and
/// `upstream`. Of a known one, what is left out stays. A price that is `null` follows the others: cached
/// and cache-write input cost what `input` does, reasoning what `output` does, a batch the full price.
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
    /// The price of a batch, in percent of the prices above.
    batch_percent: Option<Option<Whole<0, 100>>>,
    /// The most output tokens of one answer: assumed if a request sets no limit.
    max_output_tokens: Option<OutputTokens>,
    /// What the model can do; if empty, nothing is known about that.
    capabilities: Option<Option<Capabilities>>,
    /// The Envoy cluster that serves it.
    upstream: Option<Text>,
    /// The upstream's name for it, if that is another one.
    upstream_model: Option<Option<Text>>,
    /// Where the upstream serves each wire format.
    paths: Option<Option<FormatPaths>>,
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
    /// The model of that name as it is to be. `own` is the model as it was, if it is known.
    ///
    /// # Errors
    /// 400 if a new model lacks a price or an upstream, or a path is not one.
    pub fn apply(self, name: &str, own: Option<&Model>) -> Result<Model, ApiError> {
        let price = self.price(own.and_then(|model| model.price))?;
        let upstream = self.upstream.map(String::from);
        let Some(upstream) = upstream.or_else(|| own.map(|model| model.upstream.clone())) else {
            let message = "Missing required parameter: 'upstream'. A new model needs the name of the \
                           Envoy cluster that serves it.";
            return Err(ApiError::invalid("upstream", message));
        };
        let problems = self.paths.iter().flatten().flat_map(FormatPaths::problems);
        if let Some(problems) = problems.reduce(|all, problem| all + "; " + &problem) {
            return Err(ApiError::invalid("paths", format!("'paths': {problems}.")));
        }
        // The name and the paths at the old upstream do not hold for another.
        let stays = own.filter(|model| model.upstream == upstream);
        let mut model = Model {
            name: own.map_or(name, |model| &model.name).to_owned(),
            upstream_model: stays.and_then(|model| model.upstream_model.clone()),
            paths: stays.map(|model| model.paths.clone()).unwrap_or_default(),
            upstream,
            price: Some(price),
            capabilities: own
                .map(|model| model.capabilities.clone())
                .unwrap_or_default(),
            max_output_tokens: own
                .map_or(DEFAULT_MAX_OUTPUT_TOKENS, |model| model.max_output_tokens),
        };
        self.upstream_model.apply(&mut model.upstream_model);
        self.paths.set_or(&mut model.paths, FormatPaths::default());
        self.capabilities
            .set_or(&mut model.capabilities, Vec::new());
        if let Some(tokens) = self.max_output_tokens {
            model.max_output_tokens = tokens.into();
        }
        Ok(model)
    }

    fn price(&self, old: Option<usage::Price>) -> Result<usage::Price, ApiError> {
        let required = |name: &str, sent: Option<TokenPrice>, old: Option<u64>| {
            let price = sent.map(u64::from).or(old);
            price.ok_or_else(|| ApiError::missing(name))
        };
        let input = old.map(|old| old.input);
        let output = old.map(|old| old.output);
        let input = required("input_usd_per_million", self.input_usd_per_million, input)?;
        let output = required(
            "output_usd_per_million",
            self.output_usd_per_million,
            output,
        )?;
        let mut price = usage::Price {
            input,
            output,
            cached_input: old.and_then(|old| old.cached_input),
            cache_write_5m: old.and_then(|old| old.cache_write_5m),
            cache_write_1h: old.and_then(|old| old.cache_write_1h),
            reasoning: old.and_then(|old| old.reasoning),
            batch_percent: old.and_then(|old| old.batch_percent),
        };
        self.cached_input_usd_per_million
            .apply(&mut price.cached_input);
        self.cache_write_5m_usd_per_million
            .apply(&mut price.cache_write_5m);
        self.cache_write_1h_usd_per_million
            .apply(&mut price.cache_write_1h);
        self.reasoning_usd_per_million.apply(&mut price.reasoning);
        self.batch_percent.apply(&mut price.batch_percent);
        Ok(price)
    }
}
