//! The price of a model in an inline policy: in dollars.

use super::inline_policy::refuse_unknown;
use crate::money::Money;
use crate::price::{MAX_UNIT_PRICES, Price, Rates, Step, Tier, parse_unit_name};
use crate::usage::Tool;
use hashbrown::HashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Highest percentage of a tier or surcharge.
const MAX_PERCENT: u64 = 10_000;

/// Dollars per million tokens.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RawRates {
    input: Option<f64>,
    cached_input: Option<f64>,
    cache_write_5m: Option<f64>,
    cache_write_1h: Option<f64>,
    output: Option<f64>,
    reasoning: Option<f64>,
    audio_input: Option<f64>,
    image_input: Option<f64>,
    audio_output: Option<f64>,
    image_output: Option<f64>,
}

/// Other rates of long prompts.
#[derive(Deserialize)]
pub(super) struct RawStep {
    above_tokens: u64,
    #[serde(flatten)]
    rates: RawRates,
    #[serde(flatten)]
    unknown: HashMap<String, IgnoredAny>,
}

/// A tier: a percentage, or rates of its own.
#[derive(Deserialize)]
pub(super) struct RawTier {
    percent: Option<u64>,
    #[serde(flatten)]
    rates: RawRates,
    #[serde(default)]
    steps: Vec<RawStep>,
    #[serde(flatten)]
    unknown: HashMap<String, IgnoredAny>,
}

/// What a price has beside its rates.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct RawParts {
    batch_percent: Option<u64>,
    fees: BTreeMap<Tool, f64>,
    units: BTreeMap<String, f64>,
    tiers: BTreeMap<String, RawTier>,
    steps: Vec<RawStep>,
    surcharges_percent: BTreeMap<String, u64>,
}

/// Reads the parts of a price, and notes what is wrong with them.
pub(super) struct Reader<'a> {
    /// What they belong to.
    pub(super) what: &'a str,
    pub(super) problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, problem: &str) {
        self.problems.push(format!("{}: {problem}", self.what));
    }

    fn nanos(&mut self, name: &str, dollars: f64) -> Option<u64> {
        let money = Money::from_dollars(dollars);
        let nanos = money.and_then(|money| u64::try_from(money.nanos()).ok());
        if nanos.is_none() {
            self.problem(&format!("{name} must be dollars, 0 or more"));
        }
        nanos
    }

    /// A price; `None` if it does not say what text costs.
    pub(super) fn price(&mut self, mut rates: RawRates, raw: RawParts) -> Option<Price> {
        if !raw.units.is_empty() {
            rates.input = rates.input.or(Some(0.0));
            rates.output = rates.output.or(Some(0.0));
        }
        if raw.batch_percent.is_some_and(|percent| percent > 100) {
            self.problem("batch_percent must be 0 to 100");
        }
        let mut price = Price {
            rates: self.rates(rates),
            fees: self.fees(raw.fees),
            units: self.units(raw.units),
            steps: self.steps(raw.steps),
            tiers: self.tiers(raw.tiers),
            surcharges: self.surcharges(raw.surcharges_percent),
        };
        if raw.batch_percent.is_some() {
            price.set_batch_percent(raw.batch_percent);
        }
        let has_price = price.rates.input.is_some() && price.rates.output.is_some();
        has_price.then_some(price)
    }

    fn rates(&mut self, raw: RawRates) -> Rates {
        let mut rate = |name: &str, dollars: Option<f64>| self.nanos(name, dollars?);
        Rates {
            input: rate("input", raw.input),
            cached_input: rate("cached_input", raw.cached_input),
            cache_write_5m: rate("cache_write_5m", raw.cache_write_5m),
            cache_write_1h: rate("cache_write_1h", raw.cache_write_1h),
            output: rate("output", raw.output),
            reasoning: rate("reasoning", raw.reasoning),
            audio_input: rate("audio_input", raw.audio_input),
            image_input: rate("image_input", raw.image_input),
            audio_output: rate("audio_output", raw.audio_output),
            image_output: rate("image_output", raw.image_output),
        }
    }

    fn units(&mut self, raw: BTreeMap<String, f64>) -> BTreeMap<String, u64> {
        let mut units = BTreeMap::new();
        if raw.len() > MAX_UNIT_PRICES {
            self.problem("units must be 64 prices at most");
            return units;
        }
        for (name, dollars) in raw {
            if parse_unit_name(&name).is_none() {
                self.problem(&format!(
                    "units.{name} is no unit: image (and image:QUALITY:SIZE), second, character, page \
                     or search_unit"
                ));
            } else if let Some(nanos) = self.nanos(&format!("units.{name}"), dollars) {
                units.insert(name, nanos);
            }
        }
        units
    }

    fn fees(&mut self, raw: BTreeMap<Tool, f64>) -> BTreeMap<Tool, u64> {
        // Here and below, `collect` would bring a sorting algorithm into the module for each type.
        let mut fees = BTreeMap::new();
        for (tool, dollars) in raw {
            if let Some(nanos) = self.nanos(tool.name(), dollars) {
                fees.insert(tool, nanos);
            }
        }
        fees
    }

    fn steps(&mut self, raw: Vec<RawStep>) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::with_capacity(raw.len());
        for step in raw {
            refuse_unknown(self.what, &step.unknown, self.problems);
            let (above, rates) = (step.above_tokens, self.rates(step.rates));
            if steps.iter().any(|other| other.above == above) {
                self.problem(&format!("there are two steps above {above} tokens"));
            }
            let at = steps.partition_point(|other| other.above <= above);
            steps.insert(at, Step { above, rates });
        }
        steps
    }

    fn tiers(&mut self, raw: BTreeMap<String, RawTier>) -> BTreeMap<String, Tier> {
        let mut tiers = BTreeMap::new();
        for (name, tier) in raw {
            refuse_unknown(self.what, &tier.unknown, self.problems);
            let (rates, steps) = (self.rates(tier.rates), self.steps(tier.steps));
            let has_rates = rates != Rates::default() || !steps.is_empty();
            let tier = match (tier.percent, has_rates) {
                (Some(percent), false) if percent <= MAX_PERCENT => Tier::Percent(percent),
                (None, true) => Tier::Rates { rates, steps },
                _ => {
                    self.problem(&format!(
                        "tier `{name}` must have either a percent from 0 to {MAX_PERCENT} or prices"
                    ));
                    continue;
                }
            };
            tiers.insert(name, tier);
        }
        tiers
    }

    fn surcharges(&mut self, raw: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
        if raw.values().any(|percent| *percent > MAX_PERCENT) {
            self.problem(&format!("surcharges_percent must be 0 to {MAX_PERCENT}"));
        }
        raw
    }
}
