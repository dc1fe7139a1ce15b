//! The models of an inline policy.

use super::inline_policy::refuse_unknown;
use super::inline_price::{RawParts, RawRates, Reader};
use crate::policy::{
    Catalog, Deployment, FormatPaths, MediaTokens, Model, OutputLimitField, capability, fold_alias,
    is_auto,
};
use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A model, with its price in dollars.
#[derive(Deserialize)]
pub(super) struct RawModel {
    name: String,
    upstream: Option<String>,
    upstream_model: Option<String>,
    #[serde(default)]
    paths: FormatPaths,
    #[serde(default)]
    deployments: Vec<RawDeployment>,
    #[serde(flatten)]
    rates: RawRates,
    #[serde(flatten)]
    parts: RawParts,
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

/// One of several places where a model is served.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeployment {
    upstream: String,
    upstream_model: Option<String>,
    #[serde(default)]
    paths: FormatPaths,
    #[serde(default)]
    priority: u64,
    #[serde(default = "one")]
    weight: u64,
    region: Option<String>,
    price: Option<RawDeploymentPrice>,
}

#[derive(Deserialize)]
struct RawDeploymentPrice {
    #[serde(flatten)]
    rates: RawRates,
    #[serde(flatten)]
    parts: RawParts,
    #[serde(flatten)]
    unknown: HashMap<String, IgnoredAny>,
}

const fn one() -> u64 {
    1
}

impl RawDeployment {
    fn validate(self, what: &str, problems: &mut Vec<String>) -> Deployment {
        let what = format!("{what}: deployment `{}`", self.upstream);
        let price = self.price.and_then(|raw| {
            refuse_unknown(&what, &raw.unknown, problems);
            let what = &what;
            let mut reader = Reader { what, problems };
            let price = reader.price(raw.rates, raw.parts);
            if price.is_none() {
                reader.problem("price must have input and output");
            }
            price
        });
        Deployment {
            upstream: self.upstream,
            upstream_model: self.upstream_model,
            paths: self.paths,
            priority: self.priority,
            weight: self.weight,
            region: self.region,
            price,
        }
    }
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
        let has_route = self.upstream_model.is_some() || !self.paths.is_empty();
        match (&self.upstream, self.deployments.is_empty()) {
            (None, true) => problems.push(format!("{what}: upstream or deployments must be there")),
            (Some(_), false) => problems.push(format!(
                "{what}: upstream and deployments exclude each other"
            )),
            (None, false) if has_route => problems.push(format!(
                "{what}: each deployment has its own upstream_model and paths"
            )),
            _ => {}
        }
        let deployments = self.deployments.into_iter();
        let deployments = deployments
            .map(|one| one.validate(&what, problems))
            .collect();
        let what = &what;
        let price = Reader { what, problems }.price(self.rates, self.parts);
        let mut model = Model {
            upstream_model: self.upstream_model,
            paths: self.paths,
            price,
            max_output_tokens: self.max_output_tokens,
            output_limit_field: self.output_limit_field,
            context_window: self.context_window,
            media_tokens: self.media_tokens,
            capabilities,
            ..Model::new(&self.name, self.upstream.unwrap_or_default())
        };
        model.set_deployments(deployments);
        let wrong = model.deployment_problems().into_iter();
        problems.extend(wrong.map(|problem| format!("{what}: {problem}")));
        model
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::{Price, Rates, Step, Tier};
    use crate::usage::Tool;
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

    #[test]
    fn a_model_may_have_several_deployments() {
        let (catalog, problems) = read(json!({
            "name": "m", "input": 1, "output": 2,
            "deployments": [
                { "upstream": "a", "upstream_model": "m-1" },
                { "upstream": "b", "priority": 1, "weight": 3, "region": "eu",
                  "paths": { "openai": "/openai/v1" }, "price": { "input": 3, "output": 4 } },
            ],
        }));
        assert_eq!(problems, "");
        let model = catalog.resolve("m").unwrap();
        assert_eq!(
            (model.upstream.as_str(), model.upstream_name()),
            ("a", "m-1")
        );
        let second = &model.deployments[1];
        assert_eq!((second.priority, second.weight), (1, 3));
        assert_eq!(second.price, Some(Price::of(3_000_000_000, 4_000_000_000)));
        for (model, problem) in [
            (
                json!({ "name": "m" }),
                "upstream or deployments must be there",
            ),
            (
                json!({ "name": "m", "upstream": "a", "deployments": [{ "upstream": "b" }] }),
                "exclude each other",
            ),
            (
                json!({ "name": "m", "upstream_model": "x", "deployments": [{ "upstream": "b" }] }),
                "its own upstream_model",
            ),
            (
                json!({ "name": "m", "deployments": [{ "upstream": "b", "weight": 0 }] }),
                "weight must be",
            ),
            (
                json!({ "name": "m", "deployments": [{ "upstream": "b", "price": { "input": 1 } }] }),
                "price must have input and output",
            ),
            (
                json!({ "name": "m", "deployments": [
                    { "upstream": "b", "price": { "input": 1, "output": 1, "colour": 1 } }] }),
                "no setting `colour`",
            ),
        ] {
            let (_, problems) = read(model);
            assert!(problems.contains(problem), "{problem} in {problems}");
        }
    }
}
