//! The models of an inline policy, with prices in dollars.

use crate::money::Money;
use crate::policy::{Catalog, FormatPaths, MediaTokens, Model, capability, is_auto};
use crate::price::{Price, Rates};
use crate::timestamp::Timestamp;
use hashbrown::HashMap;
use serde::Deserialize;

/// Prices in dollars per million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawModel {
    name: String,
    upstream: String,
    upstream_model: Option<String>,
    #[serde(default)]
    paths: FormatPaths,
    input: Option<f64>,
    cached_input: Option<f64>,
    output: Option<f64>,
    reasoning: Option<f64>,
    batch_percent: Option<u64>,
    max_output_tokens: Option<u64>,
    #[serde(default)]
    capabilities: Vec<String>,
}

pub(super) fn catalog(
    models: Option<Vec<RawModel>>,
    aliases: Option<HashMap<String, String>>,
    problems: &mut Vec<String>,
) -> Catalog {
    let mut catalog = Catalog::builtin();
    if let Some(models) = models {
        catalog.models = models
            .into_iter()
            .map(|model| model.validate(problems))
            .collect();
        catalog.aliases.clear();
    }
    for (alias, target) in aliases.unwrap_or_default() {
        if !catalog.models.iter().any(|model| model.name == target) {
            problems.push(format!(
                "alias `{alias}` leads to `{target}`, which is not a model"
            ));
        }
        if is_auto(&alias) {
            problems.push("alias `auto`: this name asks for routing, give another".to_owned());
        }
        catalog.aliases.insert(alias.trim().to_lowercase(), target);
    }
    catalog
}

impl RawModel {
    fn validate(self, problems: &mut Vec<String>) -> Model {
        let mut nanos = |name: &str, dollars: Option<f64>| {
            let money = Money::from_dollars(dollars?);
            let nanos = money.and_then(|money| u64::try_from(money.nanos()).ok());
            if nanos.is_none() {
                let model = &self.name;
                problems.push(format!(
                    "model `{model}`: {name} must be dollars, 0 or more"
                ));
            }
            nanos
        };
        let input = nanos("input", self.input);
        let cached_input = nanos("cached_input", self.cached_input);
        let output = nanos("output", self.output);
        let reasoning = nanos("reasoning", self.reasoning);
        if self.batch_percent.is_some_and(|percent| percent > 100) {
            let model = &self.name;
            problems.push(format!("model `{model}`: batch_percent must be 0 to 100"));
        }
        let model = &self.name;
        let wrong = self.paths.problems().into_iter();
        problems.extend(wrong.map(|problem| format!("model `{model}`: {problem}")));
        if self.upstream_model.as_deref().is_some_and(str::is_empty) {
            problems.push(format!("model `{model}`: upstream_model is empty"));
        }
        if is_auto(&self.name) {
            problems.push("model `auto`: this name asks for routing, give another".to_owned());
        }
        let capabilities = self.capabilities.iter().filter_map(|written| {
            let found = capability(written);
            if found.is_none() {
                let model = &self.name;
                problems.push(format!("model `{model}`: `{written}` is no capability"));
            }
            found
        });
        Model {
            capabilities: capabilities.collect(),
            price: input.zip(output).map(|(input, output)| {
                let mut price = Price::of(input, output);
                price.rates = Rates {
                    cached_input,
                    reasoning,
                    ..price.rates
                };
                price.set_batch_percent(self.batch_percent);
                price
            }),
            price_from: Timestamp::EPOCH,
            later_prices: Vec::new(),
            max_output_tokens: self.max_output_tokens,
            context_window: None,
            media_tokens: MediaTokens::default(),
            name: self.name,
            upstream: self.upstream,
            upstream_model: self.upstream_model,
            paths: self.paths,
        }
    }
}
