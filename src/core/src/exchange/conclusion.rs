//! The end of an exchange: what was used, what it costs, who is told.

use super::call::InFlight;
use super::effect::{Effect, Level, Step, Verdict};
use super::event::emit;
use super::throttled::leave_queue;
use super::{Exchange, State, StepContext};
use crate::money::Money;
use crate::store::SharedStore;
use crate::usage::{CostOverflow, Price, TokenUsage};
use crate::wire::{Outcome, UsageEvent};
use std::borrow::Cow;

/// What a call is charged for.
#[derive(Debug, PartialEq, Eq)]
struct Charge {
    outcome: Outcome,
    tokens: TokenUsage,
    estimated: bool,
    /// Whether the batch price holds: where it was asked for and the provider says it served so.
    batch: bool,
}

impl Charge {
    fn cost(&self, price: &Price) -> Result<Money, CostOverflow> {
        match self.batch {
            true => price.batch_cost(&self.tokens),
            false => price.cost(&self.tokens),
        }
    }
}

impl Exchange {
    /// Settles what is held, once, and reports it. Does nothing where nothing is held.
    pub(super) fn conclude<S: SharedStore>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        let mut step = Step::new(Verdict::Continue);
        let over = match self.state {
            State::Upstream { .. } | State::Passing(_) | State::Done => State::Done,
            _ => State::Refused,
        };
        let (head, in_flight) = match core::mem::replace(&mut self.state, over) {
            State::Upstream { head, in_flight } => (head, in_flight),
            State::Passing(passing) => {
                passing.conclude(cx, &mut step.effects);
                return step;
            }
            State::Queued { mut pending, .. } | State::Borrow { mut pending, .. } => {
                leave_queue(&mut pending, false, cx);
                return step;
            }
            _ => return step,
        };
        let InFlight {
            call, hold, status, ..
        } = &*in_flight;
        let mut charge = charge(&in_flight);
        let cost = match call.free {
            true => Money::ZERO,
            false => charge.cost(call.grant.price()).unwrap_or_else(|overflow| {
                // A count nobody can have used is a broken upstream's, not a bill: what was
                // held as the highest plausible cost is booked in its place.
                charge.estimated = true;
                charge.batch = false;
                let text = format!("booked the reserved cost of {}: {overflow}", head.request_id);
                step.effects.push(Effect::Log(Level::Warn, text));
                hold.scopes().money()
            }),
        };
        let admitted_at = hold.scopes().admitted_at();
        let status = *status;
        let InFlight { call, hold, .. } = *in_flight;
        let settled = hold.settle(cx.store, charge.tokens.total(), cost, cx.now);
        if settled.contended > 0 {
            let text = format!("{} could not be settled in shared data", head.request_id);
            step.effects.push(Effect::Log(Level::Error, text));
        }
        let id = cx.worker.event_ids.next(admitted_at.millis());
        let event = UsageEvent {
            status,
            outcome: charge.outcome,
            estimated: charge.estimated,
            batch: charge.batch,
            duration_ms: u64::try_from(cx.now.since(admitted_at).as_millis()).unwrap_or(u64::MAX),
            tokens: charge.tokens,
            cost,
            leases: settled.leases,
            ..call.event(&head, id, admitted_at)
        };
        report(&mut step.effects, &event);
        step
    }
}

fn report(effects: &mut Vec<Effect>, event: &UsageEvent<'_>) {
    effects.reserve(10);
    let (namespace, model) = (label(&event.namespace), label(&event.model));
    let mut count = |name: &str, amount: u64, more: &str| {
        if amount > 0 {
            let parts = [name, ";ns=", &namespace, ";model=", &model, more];
            effects.push(Effect::Count(parts.concat(), amount));
        }
    };
    count("paddock_input_tokens_total", event.tokens.prompt(), "");
    count("paddock_output_tokens_total", event.tokens.output, "");
    count(
        "paddock_cost_nanodollars_total",
        event.cost.nanos().unsigned_abs(),
        "",
    );
    count("paddock_estimated_total", u64::from(event.estimated), "");
    count(
        "paddock_requests_total",
        1,
        &format!(";code={}", event.status),
    );
    let annotate = |name, value: &str| Effect::Annotate(name, value.to_owned());
    effects.push(annotate("paddock_namespace", &event.namespace));
    effects.push(annotate("paddock_key", &event.key_id));
    effects.push(annotate("paddock_model", &event.model));
    let cost = event.cost.to_string();
    effects.push(annotate("paddock_cost_usd", cost.trim_start_matches('$')));
    emit(effects, event);
}

/// A label's value may not hold what separates labels.
pub(super) fn label(value: &str) -> Cow<'_, str> {
    match value.contains([';', '=']) {
        true => Cow::Owned(value.replace([';', '='], "_")),
        false => Cow::Borrowed(value),
    }
}

/// Decides what a call is charged for, from how far it came.
fn charge(in_flight: &InFlight) -> Charge {
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
