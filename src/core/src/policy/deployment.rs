//! One of several places where a model is served.

use super::{Catalog, FormatPaths, MAX_WEIGHT, Model, Served};
use crate::price::Price;
use crate::wire_format::WireFormat;
use serde::{Deserialize, Serialize};

/// Most deployments of one model.
pub const MAX_DEPLOYMENTS: usize = 8;
/// The last priority a deployment can have.
pub const MAX_DEPLOYMENT_PRIORITY: u64 = 100;
/// Longest name of a region, in bytes.
pub const MAX_REGION: usize = 64;

/// One of the places where a model is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The Envoy cluster that serves it.
    pub upstream: String,
    /// What that upstream calls the model; absent means the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_model: Option<String>,
    /// Where that upstream serves each wire format.
    #[serde(default, skip_serializing_if = "FormatPaths::is_empty")]
    pub paths: FormatPaths,
    /// 0 to [`MAX_DEPLOYMENT_PRIORITY`]: one is tried before all of a higher number.
    #[serde(default)]
    pub priority: u64,
    /// Its part of the calls among those of its priority: 1 to [`MAX_WEIGHT`].
    #[serde(default = "one")]
    pub weight: u64,
    /// Where it computes, in the operator's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What a call costs that it serves; absent means the model's price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

const fn one() -> u64 {
    1
}

impl Deployment {
    /// One of an upstream, of which no more is known.
    pub fn new(upstream: String) -> Deployment {
        Deployment {
            upstream,
            upstream_model: None,
            paths: FormatPaths::default(),
            priority: 0,
            weight: 1,
            region: None,
            price: None,
        }
    }

    /// What its upstream calls the model of that name.
    pub fn upstream_name<'a>(&'a self, model: &'a str) -> &'a str {
        self.upstream_model.as_deref().unwrap_or(model)
    }
}

/// Whether a word can name a region: 1 to [`MAX_REGION`] letters, digits, `-`, `_` or `.`.
pub fn is_region(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=MAX_REGION).contains(&word.len()) && word.bytes().all(is_plain)
}

impl Model {
    /// Lists all that serve the model. The first is also what [`Model::upstream`], its name for the model
    /// and its paths say.
    pub fn set_deployments(&mut self, deployments: Vec<Deployment>) {
        if let Some(first) = deployments.first() {
            self.upstream.clone_from(&first.upstream);
            self.upstream_model.clone_from(&first.upstream_model);
            self.paths.clone_from(&first.paths);
        }
        self.deployments = deployments;
    }

    /// Whether any of its deployments serves a wire format.
    pub fn is_served_in(&self, format: WireFormat) -> bool {
        let mut others = self.deployments.iter().map(|one| &one.paths);
        let serves = |paths: &FormatPaths| paths.served(format) != Served::Nowhere;
        serves(&self.paths) || others.any(serves)
    }

    /// What is wrong with its deployments, each a sentence.
    pub fn deployment_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.deployments.len() > MAX_DEPLOYMENTS {
            problems.push(format!(
                "at most {MAX_DEPLOYMENTS} deployments can serve a model"
            ));
        }
        for (at, one) in self.deployments.iter().enumerate() {
            let mut wrong = one.paths.problems();
            if one.upstream.is_empty() {
                wrong.push("upstream must name an Envoy cluster".to_owned());
            }
            if one.upstream_model.as_deref().is_some_and(str::is_empty) {
                wrong.push("upstream_model is empty".to_owned());
            }
            if one.priority > MAX_DEPLOYMENT_PRIORITY {
                wrong.push(format!(
                    "priority must be from 0 to {MAX_DEPLOYMENT_PRIORITY}"
                ));
            }
            if one.weight == 0 || one.weight > MAX_WEIGHT {
                wrong.push(format!("weight must be from 1 to {MAX_WEIGHT}"));
            }
            if one
                .region
                .as_deref()
                .is_some_and(|region| !is_region(region))
            {
                wrong.push(format!(
                    "region must have 1 to {MAX_REGION} letters, digits, -, _ or ."
                ));
            }
            let is_same = |other: &Deployment| {
                other.upstream == one.upstream
                    && other.upstream_name(&self.name) == one.upstream_name(&self.name)
            };
            if self.deployments.iter().take(at).any(is_same) {
                wrong.push(
                    "the same upstream with the same name for the model is there twice".to_owned(),
                );
            }
            let which = format!("deployment `{}`", one.upstream);
            problems.extend(
                wrong
                    .into_iter()
                    .map(|problem| format!("{which}: {problem}")),
            );
        }
        problems
    }
}

impl Catalog {
    /// Whether any model is served by the upstream of that name.
    pub fn is_served_by(&self, upstream: &str) -> bool {
        self.models.iter().any(|model| {
            let mut others = model.deployments.iter();
            model.upstream == upstream || others.any(|one| one.upstream == upstream)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_deployment_is_the_models_own_upstream() {
        let mut model = Model::new("m", "old".to_owned());
        model.set_deployments(vec![
            Deployment {
                upstream_model: Some("m-1".to_owned()),
                ..Deployment::new("a".to_owned())
            },
            Deployment::new("b".to_owned()),
        ]);
        assert_eq!(
            (model.upstream.as_str(), model.upstream_name()),
            ("a", "m-1")
        );
        assert_eq!(model.deployment_problems(), Vec::<String>::new());
        model.set_deployments(Vec::new());
        assert_eq!(model.upstream, "a");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut model = Model::new("m", "a".to_owned());
        let bad = Deployment {
            upstream_model: Some(String::new()),
            priority: 101,
            weight: 0,
            region: Some("e u".to_owned()),
            ..Deployment::new(String::new())
        };
        model.set_deployments(vec![bad.clone(), bad]);
        let problems = model.deployment_problems().join("; ");
        for part in [
            "upstream must name",
            "upstream_model is empty",
            "priority must be from 0 to 100",
            "weight must be from 1 to 100",
            "region must have",
            "is there twice",
        ] {
            assert!(problems.contains(part), "{part} in {problems}");
        }
        model.set_deployments(vec![Deployment::new("a".to_owned()); 9]);
        assert!(model.deployment_problems().join(";").contains("at most 8"));
    }
}
