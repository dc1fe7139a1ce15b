//! What a request asks for beside its tokens, and whether that has a price.

use super::tier::is_priced_as_usual;
use super::{Price, assumed_fee};
use crate::units::Unit;
use crate::usage::{Tool, ToolCalls};
use core::fmt;

/// What is charged for what has no price of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unpriced {
    /// A high price that is assumed; the call is estimated.
    #[default]
    Assumed,
    /// Nothing beside the tokens' usual price: the operator has said so.
    Free,
}

/// What changes the price of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier<'a> {
    /// `service_tier`.
    Tier(&'a str),
    /// `speed`, which is priced as a tier.
    Speed(&'a str),
    /// `inference_geo`.
    Region(&'a str),
    /// A tool that the provider runs.
    Tool(Tool),
    /// What is counted beside tokens.
    Unit(Unit),
}

impl Modifier<'_> {
    /// The field of a request that asks for it.
    pub const fn param(&self) -> &'static str {
        match self {
            Modifier::Tier(_) => "service_tier",
            Modifier::Speed(_) => "speed",
            Modifier::Region(_) => "inference_geo",
            Modifier::Tool(_) => "tools",
            Modifier::Unit(_) => "model",
        }
    }

    /// Where an operator sets its price.
    pub const fn field(&self) -> &'static str {
        match self {
            Modifier::Tier(_) | Modifier::Speed(_) => "tiers",
            Modifier::Region(_) => "surcharges_percent",
            Modifier::Tool(_) => "fees_usd",
            Modifier::Unit(_) => "units_usd",
        }
    }
}

impl fmt::Display for Modifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Modifier::Tier(name) => write!(f, "the service tier '{name}'"),
            Modifier::Speed(name) => write!(f, "the speed '{name}'"),
            Modifier::Region(name) => write!(f, "the region '{name}'"),
            Modifier::Tool(tool) => write!(f, "the tool '{}'", tool.name()),
            Modifier::Unit(unit) => write!(f, "the unit '{}'", unit.name()),
        }
    }
}

/// Whether a provider means no region of its own by that name: Anthropic `global` and, in answers,
/// `not_available` (<https://docs.claude.com/en/docs/build-with-claude/data-residency>).
pub(super) fn is_anywhere(region: &str) -> bool {
    matches!(region, "" | "global" | "default" | "not_available")
}

impl Price {
    /// The first thing that has no price of what a request asks for.
    pub fn unpriced<'a>(
        &self,
        [tier, speed]: [&'a str; 2],
        region: &'a str,
        tools: &ToolCalls,
        unit: Option<Unit>,
    ) -> Option<Modifier<'a>> {
        let lacks = |name: &str| !is_priced_as_usual(name) && !self.tiers.contains_key(name);
        if lacks(tier) {
            return Some(Modifier::Tier(tier));
        }
        if lacks(speed) {
            return Some(Modifier::Speed(speed));
        }
        if !is_anywhere(region) && !self.surcharges.contains_key(region) {
            return Some(Modifier::Region(region));
        }
        let lacks = |(tool, calls): &(Tool, u64)| {
            *calls > 0 && assumed_fee(*tool) > 0 && !self.fees.contains_key(tool)
        };
        if let Some((tool, _)) = tools.iter().find(lacks) {
            return Some(Modifier::Tool(tool));
        }
        let is_priced = |unit: &Unit| self.is_by(*unit) || self.is_by_token();
        unit.filter(|unit| !is_priced(unit)).map(Modifier::Unit)
    }
}
