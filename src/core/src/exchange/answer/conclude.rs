//! The end of an exchange: what was used, what it costs, who is told.

use super::charge::charge;
use super::report::report;
use crate::exchange::call::InFlight;
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Effect, Level, Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::head::Head;
use crate::exchange::state::{Exchange, State};
use crate::fair_share::Demand;
use crate::meter::Meter;
use crate::money::Money;
use crate::price::is_standard_tier;
use crate::refusal::clip;
use crate::store::SharedStore;
use crate::timestamp::Timestamp;
use crate::usage::is_batch_tier;
use crate::wire::Outcome;
use std::borrow::Cow;

impl Exchange {
    /// Settles its hold, once, and reports it. Does nothing if it has none.
    pub(crate) fn conclude<S: SharedStore>(&mut self, cx: &mut StepContext<'_, S>) -> Step {
        self.settle(cx).0
    }

    /// The same, and what its call cost.
    pub(super) fn settle<S: SharedStore>(
        &mut self,
        cx: &mut StepContext<'_, S>,
    ) -> (Step, Option<Money>) {
        let mut cost = None;
        let mut step = Step::new(Verdict::Continue);
        let over = match self.state {
            State::Upstream { .. } | State::PassThrough(_) | State::Done => State::Done,
            _ => State::Refused,
        };
        match core::mem::replace(&mut self.state, over) {
            State::Upstream { head, in_flight } => {
                cost = Some(conclude_call(&head, in_flight, cx, &mut step.effects));
            }
            State::PassThrough(passing) => {
                passing.conclude(cx, &mut step.effects);
            }
            State::Queued { mut pending, .. } | State::Borrow { mut pending, .. } => {
                pending.leave_queue(false, cx.store);
            }
            _ => {}
        }
        (step, cost)
    }
}

fn conclude_call<S: SharedStore>(
    head: &Head,
    in_flight: Box<InFlight>,
    cx: &mut StepContext<'_, S>,
    effects: &mut Vec<Effect>,
) -> Money {
    let mut charge = charge(&in_flight);
    let stored = in_flight
        .meter
        .as_ref()
        .map_or(&[][..], Meter::stored)
        .to_vec();
    let InFlight {
        call,
        mut hold,
        status,
        ..
    } = *in_flight;
    if let Some(upstream) = call.went_on_to() {
        let limit = cx.worker.config.upstream(upstream);
        let namespace = &call.grant.caller().namespace().policy;
        let demand = limit.map(|limit| Demand::new(limit, namespace, 0));
        hold.move_to(demand.as_ref(), cx.worker.terms(), cx.store, cx.now);
    }
    let cost = match call.free {
        true => Money::ZERO,
        false => match charge.cost(&call) {
            Ok(cost) => {
                charge.estimated |= cost.assumed;
                cost.money
            }
            // A count nobody can have used is a broken upstream's, not a bill: the highest plausible
            // cost, which is what was held, is booked in its place.
            Err(overflow) => {
                charge.estimated = true;
                charge.tier = None;
                let text = format!("booked the held cost of {}: {overflow}", head.request_id);
                effects.push(Effect::Log(Level::Warn, text));
                hold.scopes().money()
            }
        },
    };
    if charge.miscounted {
        let (id, model) = (&head.request_id, call.model_name());
        let text = format!("estimated the output of {id}: the provider of {model} counted none");
        effects.push(Effect::Log(Level::Warn, text));
    }
    let tokens = charge.all_tokens();
    if charge.outcome == Outcome::Complete && !call.free {
        let namespace = &call.grant.caller().namespace().policy.name;
        let likely = &mut cx.worker.likely_output;
        likely.saw(namespace, call.model_name(), tokens.output);
    }
    let tier = charge
        .tier
        .as_deref()
        .filter(|tier| !is_standard_tier(tier));
    let admitted_at = hold.scopes().admitted_at();
    let settled = hold.settle(
        &mut cx.worker.grants,
        cx.store,
        tokens.total(),
        cost,
        cx.now,
    );
    if settled.contended > 0 {
        let text = format!("{} could not be settled in shared data", head.request_id);
        effects.push(Effect::Log(Level::Error, text));
    }
    let id = cx.worker.event_ids.next(admitted_at.millis());
    let duration = cx.now.since(admitted_at).as_millis();
    let mut event = CallContext::making(head, &call).event(id, admitted_at);
    event.status = status;
    event.outcome = charge.outcome;
    event.estimated = charge.estimated;
    event.batch = tier.is_some_and(is_batch_tier);
    event.tier = tier.map(clip);
    event.tools = charge.tools;
    event.units = charge.units;
    let variant = call.asked.variant().to_string();
    event.variant = (!variant.is_empty()).then_some(Cow::Owned(variant));
    event.price_from = match call.has_own_price() {
        true => Timestamp::EPOCH,
        false => call.grant.price_from(),
    };
    if let Some((deployment, attempt)) = call.served() {
        event.upstream = Some(clip(&deployment.upstream));
        event.attempt = attempt;
    }
    event.duration_ms = u64::try_from(duration).unwrap_or(u64::MAX);
    event.tokens = tokens;
    event.cost = cost;
    event.leases = settled.leases;
    event.stored = stored;
    let caller = call.grant.caller();
    report(effects, &event, charge.miscounted, caller, cx.worker);
    cost
}
