//! The models of an inline policy.

use super::inline_policy::refuse_unknown;
use super::inline_price::{RawRates, RawStep, RawTier, Reader};
use crate::policy::{Catalog, FormatPaths, MediaTokens, Model, capability, fold_alias, is_auto};
use crate::price::Price;
use crate::usage::Tool;
use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// A model, with its price in dollars.
#[derive(Deserialize)]
pub(super) struct RawModel {
    name: String,
    upstream: String,
    upstream_model: Option<String>,
    #[serde(default)]
    paths: FormatPaths,
    #[serde(flatten)]
    rates: RawRates,
    batch_percent: Option<u64>,
    #[serde(default)]
    fees: BTreeMap<Tool, f64>,
    #[serde(default)]
    tiers: BTreeMap<String, RawTier>,
    #[serde(default)]
    steps: Vec<RawStep>,
    #[serde(default)]
    surcharges_percent: BTreeMap<String, u64>,
    max_output_tokens: Option<u64>,
    context_window: Option<u64>,
    #[serde(default)]
    media_tokens: MediaTokens,
    #[serde(default)]
    capabilities: Vec<String>,
    #[serde(flatten)]
    unknown: HashMap<String, IgnoredAny>,
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
        problems.extend(catalog.alias_problem(&alias, &target));
        catalog.aliases.insert(fold_alias(&alias), target);
    }
    catalog
}

impl RawModel {
    fn validate(self, problems: &mut Vec<String>) -> Model {
        let what = format!("model `{}`", self.name);
        refuse_unknown(&what, &self.unknown, problems);
        if self.batch_percent.is_some_and(|percent| percent > 100) {
            problems.push(format!("{what}: batch_percent must be 0 to 100"));
        }
        let wrong = self.paths.problems().into_iter();
        problems.extend(wrong.map(|problem| format!("{what}: {problem}")));
        if self.upstream_model.as_deref().is_some_and(str::is_empty) {
            problems.push(format!("{what}: upstream_model is empty"));
        }
        if is_auto(&self.name) {
            problems.push("model `auto`: this name asks for routing, give another".to_owned());
        }
        let capabilities = self.capabilities.iter().filter_map(|written| {
            let found = capability(written);
            if found.is_none() {
                problems.push(format!("{what}: `{written}` is no capability"));
            }
            found
        });
        let capabilities = capabilities.collect();
        let mut reader = Reader {
            what: &what,
            problems,
        };
        let mut price = Price {
            rates: reader.rates(self.rates),
            fees: reader.fees(self.fees),
            steps: reader.steps(self.steps),
            tiers: reader.tiers(self.tiers),
            surcharges: reader.surcharges(self.surcharges_percent),
        };
        if self.batch_percent.is_some() {
            price.set_batch_percent(self.batch_percent);
        }
        let has_price = price.rates.input.is_some() && price.rates.output.is_some();
        Model {
            upstream_model: self.upstream_model,
            paths: self.paths,
            price: has_price.then_some(price),
            max_output_tokens: self.max_output_tokens,
            context_window: self.context_window,
            media_tokens: self.media_tokens,
            capabilities,
            ..Model::new(&self.name, self.upstream)
        }
    }
}
