//! What a call is charged for, from how far it came.

use crate::exchange::call::InFlight;
use crate::money::Money;
use crate::usage::{CostOverflow, Price, TokenUsage};
use crate::wire::Outcome;

/// What a call is charged for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) outcome: Outcome,
    pub(crate) tokens: TokenUsage,
    pub(crate) estimated: bool,
    /// Whether the batch price holds: where it was asked for and the provider says it served so.
    pub(crate) batch: bool,
}

impl Charge {
    pub(crate) fn cost(&self, price: &Price) -> Result<Money, CostOverflow> {
        match self.batch {
            true => price.batch_cost(&self.tokens),
            false => price.cost(&self.tokens),
        }
    }
}

/// Decides what a call is charged for, from how far it came.
pub(crate) fn charge(in_flight: &InFlight) -> Charge {
    let failed = in_flight.local || in_flight.status >= 300;
    if failed || in_flight.call.free {
        let outcome = if failed {
            Outcome::UpstreamError
        } else {
            Outcome::Complete
        };
        return Charge {
            outcome,
            tokens: TokenUsage::default(),
            estimated: false,
            batch: false,
        };
    }
    let reading = in_flight
        .meter
        .as_ref()
        .map(|meter| meter.reading())
        .unwrap_or_default();
    let outcome = match in_flight.complete && (reading.ended || reading.usage.is_some()) {
        true => Outcome::Complete,
        // An answer that could not be read (compressed, say) was passed on whole all the same.
        false if in_flight.complete && in_flight.meter.is_none() => Outcome::Complete,
        false => Outcome::Truncated,
    };
    let batch = in_flight.call.batch && reading.batch;
    match reading.usage {
        Some(tokens) if reading.output_final => Charge {
            outcome,
            tokens,
            estimated: false,
            batch,
        },
        Some(tokens) => {
            let output = tokens.output.max(reading.seen_output_tokens);
            Charge {
                outcome,
                tokens: TokenUsage { output, ..tokens },
                estimated: true,
                batch,
            }
        }
        // An answer that passed unread (compressed, though nobody asked for that) may have used as
        // much as was held for it.
        None if in_flight.meter.is_none() && in_flight.status != 0 => Charge {
            outcome,
            tokens: in_flight.call.estimate.highest,
            estimated: true,
            batch,
        },
        None => {
            let tokens = TokenUsage {
                input: in_flight.call.estimate.likely_prompt,
                output: reading.seen_output_tokens,
                ..TokenUsage::default()
            };
            Charge {
                outcome,
                tokens,
                estimated: true,
                batch,
            }
        }
    }
}
