//! What a call costs: a price is a vector of rates, fees, tiers, steps and surcharges.

mod highest;
mod rates;
#[cfg(test)]
mod tests;
mod tier;
mod units;
mod unpriced;
mod written;

pub use highest::Ceiling;
pub use rates::{Kind, MEDIA_FACTOR, Rate, Rates};
pub use tier::{Tier, is_standard_tier};
pub(crate) use units::raise_units;
pub use units::{MAX_UNIT_PRICES, MAX_VARIANT, Variant, parse_unit_name};
pub use unpriced::{Modifier, Unpriced};

use crate::money::Money;
use crate::units::Units;
use crate::usage::{TokenUsage, Tool, ToolCalls};
use rates::by_kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use unpriced::is_anywhere;

/// The price of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "written::Price", into = "written::Price")]
pub struct Price {
    /// The rates of a call served in the standard tier.
    pub rates: Rates,
    /// Nano-dollars per call of a tool that the provider runs; of one that is absent
    /// [`assumed_fee`].
    pub fees: BTreeMap<Tool, u64>,
    /// Nano-dollars per image, second, character, page or search, by their names ([`parse_unit_name`]).
    pub units: BTreeMap<String, u64>,
    /// What a call costs that was served in another tier, by its name.
    pub tiers: BTreeMap<String, Tier>,
    /// Other rates of calls with long prompts, the shortest first.
    pub steps: Vec<Step>,
    /// Percent that are added to the tokens of a call served in a region, by its name.
    pub surcharges: BTreeMap<String, u64>,
}

/// The rates of every token of a call whose prompt is longer than a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The prompt has more tokens than this, cached ones included.
    pub above: u64,
    /// The rates. What is absent, and what it follows, is that of the step below.
    #[serde(flatten)]
    pub rates: Rates,
}

/// What is to be paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage<'a> {
    /// The tokens.
    pub tokens: TokenUsage,
    /// The calls of the provider's tools.
    pub tools: ToolCalls,
    /// What is counted beside tokens.
    pub units: Units,
    /// Which images were asked for.
    pub variant: Variant<'a>,
    /// The tier that served the call; empty for the standard one.
    pub tier: &'a str,
    /// The region that served it; empty if the provider does not say.
    pub region: &'a str,
    /// What is charged for what has no price of its own.
    pub unpriced: Unpriced,
}

/// What a call costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The cost.
    pub money: Money,
    /// Whether a part of it has no price of its own, so that a high one was assumed.
    pub assumed: bool,
}

/// A cost that does not fit 64 bits of nano-dollars (over nine billion dollars).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostOverflow;

impl core::fmt::Display for CostOverflow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the cost does not fit 64 bits of nano-dollars")
    }
}

/// Nano-dollars per call of a tool whose fee is not set: the highest of the providers' lists of
/// November 2026. Per call, OpenAI takes $0.01 to $0.025 for a web search, $0.0025 for a file search,
/// up to $1.92 for a container, and up to $0.25 for an image
/// (<https://platform.openai.com/docs/pricing>); Anthropic $0.01 for a web search and nothing for a
/// page (<https://docs.claude.com/en/docs/about-claude/pricing>); Google $0.035 for a grounded
/// prompt (<https://ai.google.dev/gemini-api/docs/pricing>).
pub const fn assumed_fee(tool: Tool) -> u64 {
    match tool {
        Tool::WebSearch => 25_000_000,
        Tool::FileSearch => 2_500_000,
        Tool::CodeInterpreter => 1_920_000_000,
        Tool::ImageGeneration => 250_000_000,
        Tool::Grounding => 35_000_000,
        Tool::WebFetch => 0,
    }
}

/// Percent that are added in a region whose surcharge is not set: the highest of the providers' lists
/// of November 2026 (<https://docs.claude.com/en/docs/about-claude/pricing>).
const ASSUMED_SURCHARGE: u64 = 10;

impl Price {
    /// Nothing for any token.
    pub const FREE: Price = Price::of(0, 0);

    /// Text at two rates, in nano-dollars per million tokens; all else by the fallbacks.
    pub const fn of(input: u64, output: u64) -> Price {
        Price {
            rates: Rates::of(input, output),
            fees: BTreeMap::new(),
            units: BTreeMap::new(),
            tiers: BTreeMap::new(),
            steps: Vec::new(),
            surcharges: BTreeMap::new(),
        }
    }

    /// What `usage` costs: multiplied in 128 bits, rounded up once to a whole nano-dollar.
    ///
    /// # Errors
    /// [`CostOverflow`] if the result does not fit; it is never cut down to something cheaper.
    pub fn cost(&self, usage: &Usage<'_>) -> Result<Cost, CostOverflow> {
        let tier = self.tier(usage.tier, usage.unpriced);
        let prompt = usage.tokens.prompt();
        let mut sum = Sum::default();
        for (kind, tokens) in by_kind(&usage.tokens) {
            if tokens > 0 {
                let rate = self.rate(kind, prompt, tier.own);
                sum.add(tokens, rate.nanos)?;
                sum.assumed |= rate.assumed;
            }
        }
        sum.percent(tier.percent)?;
        sum.assumed |= tier.assumed && sum.total > 0;
        let (percent, is_assumed) = self.surcharge(usage.region, usage.unpriced);
        sum.assumed |= is_assumed && sum.total > 0;
        sum.percent(percent)?;
        let mut fees: u128 = 0;
        for (tool, calls) in usage.tools.iter() {
            let fee = self.fee(tool, usage.unpriced);
            sum.assumed |= fee > 0 && !self.fees.contains_key(&tool);
            fees = fees.saturating_add(u128::from(calls).saturating_mul(u128::from(fee)));
        }
        for (unit, count) in usage.units.iter() {
            let price = self.unit_price(unit, usage.variant, usage.unpriced);
            sum.assumed |= price.assumed;
            fees = fees.saturating_add(u128::from(count).saturating_mul(u128::from(price.nanos)));
        }
        sum.finish(fees)
    }

    /// The kinds of tokens a call used, how many of each, and their rates: what its tokens cost before its
    /// tier's and its region's percentages.
    pub fn lines<'a>(
        &'a self,
        usage: &'a Usage<'_>,
    ) -> impl Iterator<Item = (Kind, u64, Rate)> + 'a {
        let tier = self.tier(usage.tier, usage.unpriced).own;
        let prompt = usage.tokens.prompt();
        let used = by_kind(&usage.tokens).into_iter();
        let used = used.filter(|(_, tokens)| *tokens > 0);
        used.map(move |(kind, tokens)| (kind, tokens, self.rate(kind, prompt, tier)))
    }

    /// The rate of a kind of token in a call with such a prompt: the tier's own list first, then the
    /// steps, the highest first, then the standard list.
    fn rate(&self, kind: Kind, prompt: u64, tier: Option<&Tier>) -> Rate {
        let in_list = |rates: &Rates, steps: &[Step]| {
            let reached = steps.iter().rev().filter(|step| prompt > step.above);
            let mut lists = reached.map(|step| &step.rates).chain([rates]);
            lists.find_map(|rates| rates.own(kind))
        };
        let standard = in_list(&self.rates, &self.steps).unwrap_or(Rate {
            nanos: 0,
            assumed: false,
        });
        match tier {
            Some(Tier::Rates { rates, steps }) => {
                let own = in_list(rates, steps);
                let is_long = self.steps.iter().any(|step| prompt > step.above);
                match own {
                    // A tier that says nothing of long prompts does not make them cheaper.
                    Some(own) if is_long && steps.is_empty() && own.nanos < standard.nanos => {
                        standard
                    }
                    Some(own) => own,
                    None => standard,
                }
            }
            _ => standard,
        }
    }

    /// Nano-dollars per call of a tool.
    fn fee(&self, tool: Tool, unpriced: Unpriced) -> u64 {
        let other = match unpriced {
            Unpriced::Assumed => assumed_fee(tool),
            Unpriced::Free => 0,
        };
        self.fees.get(&tool).copied().unwrap_or(other)
    }

    /// Percent of the tokens' cost in a region: 100 and its surcharge; and whether that is assumed.
    fn surcharge(&self, region: &str, unpriced: Unpriced) -> (u64, bool) {
        let set = self.surcharges.get(region).copied();
        let is_assumed = set.is_none() && !is_anywhere(region) && unpriced == Unpriced::Assumed;
        let added = set.unwrap_or(if is_assumed { ASSUMED_SURCHARGE } else { 0 });
        (added.saturating_add(100), is_assumed)
    }
}

/// A sum of products, and how often it was multiplied by a hundred.
#[derive(Default)]
struct Sum {
    total: u128,
    hundreds: u32,
    assumed: bool,
}

impl Sum {
    fn add(&mut self, tokens: u64, rate: u64) -> Result<(), CostOverflow> {
        // The product of two u64 always fits u128.
        let part = u128::from(tokens).saturating_mul(u128::from(rate));
        self.total = self.total.checked_add(part).ok_or(CostOverflow)?;
        Ok(())
    }

    fn percent(&mut self, percent: u64) -> Result<(), CostOverflow> {
        if percent == 100 {
            return Ok(());
        }
        let total = self.total.checked_mul(u128::from(percent));
        self.total = total.ok_or(CostOverflow)?;
        self.hundreds = self.hundreds.saturating_add(1);
        Ok(())
    }

    /// Divides once, so that rounding comes once.
    fn finish(self, fees: u128) -> Result<Cost, CostOverflow> {
        let parts = 100u128
            .saturating_pow(self.hundreds)
            .saturating_mul(1_000_000);
        let total = self.total.div_ceil(parts).saturating_add(fees);
        let nanos = i64::try_from(total).map_err(|_| CostOverflow)?;
        Ok(Cost {
            money: Money::from_nanos(nanos),
            assumed: self.assumed,
        })
    }
}
