//! The tiers a provider serves calls in, and what they cost.

use super::{Price, Rates, Step, Unpriced};
use serde::{Deserialize, Serialize};

/// What a call costs in a tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// So many percent of the standard rates: 0 to 10,000.
    Percent(u64),
    /// Rates of its own. What is absent, and what it follows, is the standard one.
    Rates {
        /// The rates.
        #[serde(flatten)]
        rates: Rates,
        /// Other rates of calls with long prompts, the shortest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        steps: Vec<Step>,
    },
}

/// Tiers for work that can wait: their one price was `batch_percent` once.
const BATCH_TIERS: [&str; 2] = ["batch", "flex"];

/// Whether a provider means its standard tier by that name: OpenAI `default`, `auto` and `scale`
/// (paid for beforehand), Anthropic `standard` and `standard_only`, Groq and Google `on_demand`.
pub fn is_standard_tier(name: &str) -> bool {
    matches!(
        name,
        "" | "default"
            | "auto"
            | "scale"
            | "standard"
            | "standard_only"
            | "on_demand"
            | "on-demand"
    )
}

/// Whether a tier costs what any call costs if its price is not set: the standard ones, and those for
/// work that can wait.
pub(super) fn is_priced_as_usual(name: &str) -> bool {
    is_standard_tier(name) || BATCH_TIERS.contains(&name)
}

/// Percent that another tier costs if its price is not set.
/// OpenAI's `priority` costs at most twice as much (<https://openai.com/api-priority-processing/>),
/// Anthropic's `fast` six times (<https://docs.claude.com/en/docs/build-with-claude/fast-mode>).
fn assumed_percent(name: &str) -> u64 {
    match name {
        "fast" => 600,
        _ => 200,
    }
}

/// How a tier changes a call's price.
#[derive(Clone, Copy, Debug)]
pub(super) struct InTier<'a> {
    /// The tier's own list of rates, if it has one.
    pub(super) own: Option<&'a Tier>,
    /// Percent of those rates.
    pub(super) percent: u64,
    /// Whether the price of the tier is not set.
    pub(super) assumed: bool,
}

impl Price {
    /// What the price says of a tier.
    pub(super) fn tier(&self, name: &str, unpriced: Unpriced) -> InTier<'_> {
        let standard = InTier {
            own: None,
            percent: 100,
            assumed: false,
        };
        match self.tiers.get(name) {
            Some(Tier::Percent(percent)) => InTier {
                percent: *percent,
                ..standard
            },
            own @ Some(Tier::Rates { .. }) => InTier { own, ..standard },
            None if is_priced_as_usual(name) || unpriced == Unpriced::Free => standard,
            None => InTier {
                percent: assumed_percent(name),
                assumed: true,
                ..standard
            },
        }
    }

    /// The price of a batch in percent, if it is one.
    pub fn batch_percent(&self) -> Option<u64> {
        match self.tiers.get("batch") {
            Some(Tier::Percent(percent)) => Some(*percent),
            _ => None,
        }
    }

    /// Sets what the tiers for work that can wait cost, in percent: 0 to 100; `None` for as much as
    /// any other call.
    pub fn set_batch_percent(&mut self, percent: Option<u64>) {
        for name in BATCH_TIERS {
            match percent {
                Some(percent) => self.tiers.insert(name.to_owned(), Tier::Percent(percent)),
                None => self.tiers.remove(name),
            };
        }
    }
}
