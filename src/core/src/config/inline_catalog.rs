//! The models of an inline policy.

use super::inline_policy::refuse_unknown;
use super::inline_price::{RawRates, RawStep, RawTier, Reader};
use crate::policy::{
    Catalog, FormatPaths, MediaTokens, Model, OutputLimitField, capability, fold_alias, is_auto,
};
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
    output_limit_field: Option<OutputLimitField>,
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
            output_limit_field: self.output_limit_field,
            context_window: self.context_window,
            media_tokens: self.media_tokens,
            capabilities,
            ..Model::new(&self.name, self.upstream)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::{Rates, Step, Tier};
    use serde_json::{Value, json};

    fn read(model: Value) -> (Catalog, String) {
        let mut problems = Vec::new();
        let model = serde_json::from_value(model).unwrap();
        let aliases = [("Best-*".to_owned(), "m".to_owned())]
            .into_iter()
            .collect();
        let catalog = catalog(Some(vec![model]), Some(aliases), &mut problems);
        (catalog, problems.join("; "))
    }

    #[test]
    fn a_price_may_have_all_its_parts() {
        let (catalog, problems) = read(json!({
            "name": "m", "upstream": "u", "input": 1, "output": 2, "audio_input": 3,
            "fees": { "web_search": 0.01 },
            "tiers": { "priority": { "percent": 200 }, "fast": { "input": 4, "steps": [{ "above_tokens": 9, "input": 5 }] } },
            "steps": [{ "above_tokens": 20, "output": 8 }, { "above_tokens": 10, "output": 7 }],
            "surcharges_percent": { "us": 10 }, "batch_percent": 50,
            "context_window": 100, "max_output_tokens": 50, "media_tokens": { "image": 7 },
        }));
        assert_eq!(problems, "");
        let model = catalog.resolve("best-of-all").unwrap();
        assert_eq!(
            (model.context_window, model.max_output_tokens),
            (Some(100), Some(50))
        );
        assert_eq!(model.media_tokens.image, Some(7));
        let dollars = |dollars: u64| Some(dollars * 1_000_000_000);
        let step = |above: u64, rates: Rates| Step { above, rates };
        let output = |price: u64| Rates {
            output: dollars(price),
            ..Rates::default()
        };
        let input = |price: u64| Rates {
            input: dollars(price),
            ..Rates::default()
        };
        let price = model.price.clone().unwrap();
        assert_eq!(
            price.rates,
            Rates {
                output: dollars(2),
                audio_input: dollars(3),
                ..input(1)
            }
        );
        assert_eq!(price.fees[&Tool::WebSearch], 10_000_000);
        assert_eq!(price.steps, [step(10, output(7)), step(20, output(8))]);
        assert_eq!(price.surcharges["us"], 10);
        let fast = Tier::Rates {
            rates: input(4),
            steps: vec![step(9, input(5))],
        };
        assert_eq!(price.tiers["fast"], fast);
        assert_eq!(price.tiers["priority"], Tier::Percent(200));
        assert_eq!(price.batch_percent(), Some(50));
    }

    #[test]
    fn every_part_that_is_none_is_named() {
        let (_, problems) = read(json!({
            "name": "m", "upstream": "u", "input": -1, "output": 2, "colour": 1,
            "fees": { "web_search": -1 }, "batch_percent": 101,
            "tiers": { "a": {}, "b": { "percent": 1, "input": 1 }, "c": { "percent": 10_001 }, "d": { "input": 1, "x": 1 } },
            "steps": [{ "above_tokens": 1, "input": 1 }, { "above_tokens": 1, "y": 1 }],
            "surcharges_percent": { "us": 10_001 },
        }));
        for part in [
            "model `m`: input must be dollars",
            "no setting `colour`",
            "web_search must be dollars",
            "batch_percent must be",
            "tier `a` must have",
            "tier `b` must have",
            "tier `c` must have",
            "no setting `x`",
            "no setting `y`",
            "two steps above 1 tokens",
            "surcharges_percent must be",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
    }
}
