//! What a call is charged for that is counted in images, seconds, characters or searches.

use super::charge::Charge;
use crate::exchange::call::{Call, InFlight};
use crate::meter::Reading;
use crate::units::{Unit, Units};
use crate::usage::TokenUsage;
use crate::wire::Outcome;

/// The most that the call can have used, as far as its price asks. What is charged if its provider says
/// nothing.
pub(super) fn most(call: &Call, unit: Unit) -> (TokenUsage, Units) {
    let tokens = match call.price().is_by_token() {
        true => call.estimate.highest,
        false => TokenUsage::default(),
    };
    (in_kind(tokens, unit), call.asked.units)
}

/// Tokens of which nobody said what they were of.
fn in_kind(tokens: TokenUsage, unit: Unit) -> TokenUsage {
    match unit {
        Unit::Image => TokenUsage {
            image_output: tokens.output,
            ..tokens
        },
        Unit::Character => TokenUsage {
            audio_output: tokens.output,
            ..tokens
        },
        Unit::Second => TokenUsage {
            audio_input: tokens.input,
            ..tokens
        },
        Unit::Page | Unit::SearchUnit => tokens,
    }
}

/// Of an answer whose bytes were read.
pub(super) fn metered(in_flight: &InFlight, unit: Unit, reading: Reading) -> Charge {
    let call = &in_flight.call;
    let asked = call.asked.units;
    let told = reading.units.get(unit);
    let is_untold = told == 0 && reading.usage.is_none();
    if reading.failed && is_untold {
        return Charge::nothing(Outcome::UpstreamError);
    }
    let ended = reading.ended || reading.closed;
    let complete = reading.closed || (in_flight.complete && ended);
    let is_whole = complete && !reading.failed;
    let (most_tokens, _) = most(call, unit);
    let by_token = most_tokens != TokenUsage::default();
    let by_unit = call.price().is_by(unit) || !by_token;
    let mut estimated = false;
    let units = match unit {
        // What is spoken is known beforehand, and paid whether it is heard or not.
        Unit::Character => asked,
        _ if is_whole && told > 0 => Units::of(unit, told),
        // A model may have prices of both kinds: then its provider counts in one of them.
        _ if by_unit && !(by_token && reading.usage.is_some()) => {
            estimated = true;
            Units::of(unit, told.max(asked.get(unit)))
        }
        _ => Units::of(unit, told),
    };
    let tokens = match reading.usage {
        Some(usage) if is_whole || !by_token => usage,
        Some(usage) => {
            estimated = true;
            usage.max(&most_tokens)
        }
        None if is_whole && told > 0 && call.price().is_by(unit) => TokenUsage::default(),
        None => {
            estimated |= by_token;
            most_tokens
        }
    };
    Charge {
        outcome: match is_whole {
            true => Outcome::Complete,
            false => Outcome::Truncated,
        },
        tokens,
        units,
        estimated,
        served_by: reading.model,
        ..Charge::nothing(Outcome::Complete)
    }
}
