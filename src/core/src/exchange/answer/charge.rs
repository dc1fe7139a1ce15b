//! What a call is charged for, from how far it came.

use super::units;
use crate::authorization::Grant;
use crate::exchange::call::{Call, InFlight};
use crate::exchange::origin::Origin;
use crate::meter::Reading;
use crate::money::Money;
use crate::price::{Cost, CostOverflow, Price, Usage, is_standard_tier};
use crate::units::Units;
use crate::usage::{TokenUsage, ToolCalls};
use crate::wire::Outcome;

/// What a call is charged for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) outcome: Outcome,
    /// What the model that served it used.
    pub(crate) tokens: TokenUsage,
    /// What other models used within it.
    pub(crate) others: Vec<(String, TokenUsage)>,
    /// The calls of the provider's tools.
    pub(crate) tools: ToolCalls,
    /// What is counted beside tokens.
    pub(crate) units: Units,
    pub(crate) estimated: bool,
    /// Whether the provider counted no output of a whole answer that had some.
    pub(crate) miscounted: bool,
    /// The model that the provider says it served the answer with.
    pub(super) served_by: Option<String>,
    /// The tier that the provider says it served the answer in, or the speed, which is priced as one.
    pub(crate) tier: Option<String>,
    /// Whether it says the one, and the other.
    pub(super) tells_tier: bool,
    pub(super) tells_speed: bool,
    pub(super) region: Option<String>,
}

impl Charge {
    pub(super) fn nothing(outcome: Outcome) -> Charge {
        Charge {
            outcome,
            tokens: TokenUsage::default(),
            others: Vec::new(),
            tools: ToolCalls::NONE,
            units: Units::NONE,
            estimated: false,
            miscounted: false,
            served_by: None,
            tier: None,
            tells_tier: false,
            tells_speed: false,
            region: None,
        }
    }

    /// The tokens of all models.
    pub(crate) fn all_tokens(&self) -> TokenUsage {
        let others = self.others.iter().map(|(_, tokens)| tokens);
        others.fold(self.tokens, |sum, tokens| sum.plus(tokens))
    }

    /// The cost at the prices of the models that were granted to the call.
    pub(crate) fn cost(&self, call: &Call) -> Result<Cost, CostOverflow> {
        let mut sum = self.cost_of_answer(call)?;
        for (model, tokens) in &self.others {
            let usage = Usage {
                tokens: *tokens,
                unpriced: call.grant.unpriced(),
                ..Usage::default()
            };
            let cost = match granted(call, model) {
                Some(grant) => of_grant(call, grant, |price| price.cost(&usage))?,
                None => dearest(call, |price| price.cost(&usage))?,
            };
            sum = plus(sum, cost)?;
        }
        Ok(sum)
    }

    fn cost_of_answer(&self, call: &Call) -> Result<Cost, CostOverflow> {
        let at = |price: &Price| self.cost_at(call, price);
        if !call.others.iter().any(|other| other.may_serve) {
            return of_grant(call, &call.grant, at);
        }
        match self
            .served_by
            .as_deref()
            .and_then(|name| granted(call, name))
        {
            Some(grant) => of_grant(call, grant, at),
            None => dearest(call, at),
        }
    }

    /// At one price, in the tier and region that served it. If the provider does not say which, in
    /// the dearer of the one asked for and the standard one.
    fn cost_at(&self, call: &Call, price: &Price) -> Result<Cost, CostOverflow> {
        let asked = &call.asked;
        let usage = Usage {
            tokens: self.tokens,
            tools: self.tools,
            units: self.units,
            variant: asked.variant(),
            tier: self.tier.as_deref().unwrap_or_default(),
            region: self.region.as_deref().unwrap_or(&asked.region),
            unpriced: call.grant.unpriced(),
        };
        let mut cost = price.cost(&usage)?;
        for (told, named) in [
            (self.tells_tier, &asked.tier),
            (self.tells_speed, &asked.speed),
        ] {
            if !told && !is_standard_tier(named) {
                let tier = named.as_str();
                let dearer = price.cost(&Usage { tier, ..usage })?;
                if dearer.money > cost.money {
                    cost = Cost {
                        assumed: true,
                        ..dearer
                    };
                }
            }
        }
        Ok(cost)
    }
}

fn plus(sum: Cost, cost: Cost) -> Result<Cost, CostOverflow> {
    Ok(Cost {
        money: sum.money.checked_add(cost.money).ok_or(CostOverflow)?,
        assumed: sum.assumed || cost.assumed,
    })
}

/// All models that were granted to a call.
fn grants(call: &Call) -> impl Iterator<Item = &Grant> {
    core::iter::once(&call.grant).chain(call.others.iter().map(|other| &other.grant))
}

/// The granted model that a provider names so.
fn granted<'a>(call: &'a Call, name: &str) -> Option<&'a Grant> {
    let meant = call.grant.catalog().resolve(name);
    grants(call).find(|grant| {
        grant.model().is_some_and(|model| {
            model.upstream_name() == name || meant.is_some_and(|meant| meant.name == model.name)
        })
    })
}

/// The cost at the price of one granted model, which may be of others. Of the call's own model it is that of
/// the deployment that served it.
fn of_grant(
    call: &Call,
    grant: &Grant,
    cost: impl Fn(&Price) -> Result<Cost, CostOverflow>,
) -> Result<Cost, CostOverflow> {
    let is_own = core::ptr::eq(grant, &call.grant);
    let (price, is_assumed) = match is_own && call.has_own_price() {
        true => (call.price(), false),
        false => (grant.price(), grant.is_assumed()),
    };
    let cost = cost(price)?;
    Ok(Cost {
        assumed: cost.assumed || is_assumed,
        ..cost
    })
}

/// The highest cost at the prices of all models granted to a call: nobody can tell which holds.
fn dearest(
    call: &Call,
    cost: impl Fn(&Price) -> Result<Cost, CostOverflow>,
) -> Result<Cost, CostOverflow> {
    let mut most = Cost {
        money: Money::ZERO,
        assumed: true,
    };
    for grant in grants(call) {
        most.money = most.money.max(cost(grant.price())?.money);
    }
    Ok(most)
}

/// Decides what a call is charged for, from how far it came.
pub(crate) fn charge(in_flight: &InFlight) -> Charge {
    let failed = in_flight.origin != Origin::Upstream || in_flight.status >= 300;
    if in_flight.call.free && !failed {
        return Charge::nothing(Outcome::Complete);
    }
    if in_flight.origin == Origin::CutOff && !in_flight.call.free {
        return unread(in_flight);
    }
    if failed {
        return Charge::nothing(Outcome::UpstreamError);
    }
    match &in_flight.meter {
        Some(meter) if in_flight.complete || meter.has_begun() => {
            let reading = meter.reading();
            match in_flight.call.asked.unit {
                Some(_) if !meter.has_begun() => Charge::nothing(Outcome::UpstreamError),
                Some(unit) => units::metered(in_flight, unit, reading),
                None => metered(in_flight, reading),
            }
        }
        _ => unread(in_flight),
    }
}

/// An answer whose bytes were not read: none came before this gateway or the client gave up, or it was
/// compressed although nobody had asked for that. The provider may have written as much as was
/// held for it.
fn unread(in_flight: &InFlight) -> Charge {
    let estimate = &in_flight.call.estimate;
    let is_whole = in_flight.complete && in_flight.origin == Origin::Upstream;
    if let Some(unit) = in_flight.call.asked.unit {
        let (tokens, units) = units::most(&in_flight.call, unit);
        let outcome = match is_whole {
            true => Outcome::Complete,
            false => Outcome::Truncated,
        };
        return Charge {
            tokens,
            units,
            estimated: true,
            ..Charge::nothing(outcome)
        };
    }
    Charge {
        tokens: match is_whole {
            true => estimate.highest,
            false => TokenUsage {
                input: estimate.likely_prompt,
                ..estimate.highest
            },
        },
        estimated: true,
        ..Charge::nothing(match is_whole {
            true => Outcome::Complete,
            false => Outcome::Truncated,
        })
    }
}

fn metered(in_flight: &InFlight, reading: Reading) -> Charge {
    let counted = reading.usage.unwrap_or_default();
    let seen = reading.seen_output_tokens > 0;
    let no_output = !seen && counted.output == 0;
    let is_empty = in_flight.complete && no_output && !reading.ended && reading.usage.is_none();
    // A stream begins with a count that is none yet: it is no output that an error came after.
    if (reading.failed && !seen && !(reading.output_final && counted.output > 0)) || is_empty {
        return Charge::nothing(Outcome::UpstreamError);
    }
    let ended = reading.ended || reading.output_final;
    let complete = reading.closed || (in_flight.complete && ended);
    let outcome = match complete && !reading.failed {
        true => Outcome::Complete,
        false => Outcome::Truncated,
    };
    let mut tokens = counted;
    let mut estimated = !reading.output_final;
    // Vectors and judgements are no output, however long they are.
    let embeds = in_flight.call.estimate.highest.output == 0;
    if estimated && !embeds {
        tokens.output = counted.output.max(reading.seen_output_tokens);
    }
    // An answer to a prompt of no tokens was not counted. Embeddings have no tokens of their own.
    let answers_nothing = reading.output_final && no_output && !embeds;
    if counted.prompt() == 0 && !answers_nothing {
        tokens.input = in_flight.call.estimate.likely_prompt;
        estimated = true;
    }
    Charge {
        outcome,
        tokens,
        others: reading.others,
        tools: reading.tools,
        units: Units::NONE,
        estimated,
        miscounted: complete && reading.usage.is_some() && seen && counted.output == 0,
        served_by: reading.model,
        tells_tier: reading.tier.is_some(),
        tells_speed: reading.speed.is_some(),
        tier: match reading.speed {
            Some(speed) if !is_standard_tier(&speed) => Some(speed),
            _ => reading.tier,
        },
        region: reading.region,
    }
}
