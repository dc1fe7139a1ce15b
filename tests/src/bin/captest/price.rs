//! What the upstream bills.

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What is used where no file is given.
const USUAL: &str = include_str!("../../../captest/prices.json");

/// The price of a model, in the form of Paddock's `PUT /v1/prices/{model}`.
#[derive(Debug, Deserialize)]
pub struct Price {
    input_usd_per_million: f64,
    output_usd_per_million: f64,
    #[serde(default)]
    tiers: BTreeMap<String, Tier>,
    #[serde(default)]
    fees_usd: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize)]
struct Tier {
    percent: u64,
}

/// What an answer used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// Prompt tokens.
    pub input: u64,
    /// Completion tokens.
    pub output: u64,
    /// Whether the tier `priority` served it.
    pub priority: bool,
    /// Web searches.
    pub searches: u64,
}

/// The prices of all models.
#[derive(Debug)]
pub struct Prices {
    /// As they were read.
    pub written: BTreeMap<String, Value>,
    read: BTreeMap<String, Price>,
}

impl Prices {
    /// Reads a file, or the usual ones.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let text = match file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?,
            None => USUAL.to_owned(),
        };
        Ok(Self {
            written: serde_json::from_str(&text).context("the prices are not as expected")?,
            read: serde_json::from_str(&text).context("the prices are not as expected")?,
        })
    }

    /// Nano-dollars.
    pub fn bill(&self, model: &str, used: Used) -> anyhow::Result<u64> {
        let price = (self.read.get(model)).with_context(|| format!("{model} has no price"))?;
        let rate = |usd: f64| (usd * 1_000.0).round() as u64;
        let input = used.input.saturating_mul(rate(price.input_usd_per_million));
        let output = (used.output).saturating_mul(rate(price.output_usd_per_million));
        let percent = match used.priority {
            true => price.tiers.get("priority").map_or(100, |tier| tier.percent),
            false => 100,
        };
        let tokens = input.saturating_add(output).saturating_mul(percent);
        let fee = price.fees_usd.get("web_search").copied().unwrap_or(0.0);
        let fees = used.searches.saturating_mul((fee * 1e9).round() as u64);
        Ok(tokens.div_euclid(100).saturating_add(fees))
    }
}
