//! A served call in metrics, in the access log and in the ledger.

use crate::config::LogField;
use crate::exchange::context::WorkerState;
use crate::exchange::effect::Effect;
use crate::exchange::event::{emit, name_caller};
use crate::identity::Caller;
use crate::money::Money;
use crate::wire::UsageEvent;

/// Counts a call, annotates its line in the access log and hands its event over.
/// `miscounted`: its provider counted no output, though there was some.
pub(crate) fn report(
    effects: &mut Vec<Effect>,
    event: &UsageEvent<'_>,
    miscounted: bool,
    caller: &Caller,
    worker: &mut WorkerState,
) {
    worker.counts.called(event, miscounted);
    let config = &worker.config;
    name_caller(effects, caller, config);
    if config.logs(LogField::Model) {
        let model = event.model.clone().into_owned();
        effects.push(Effect::Annotate("paddock_model", model));
    }
    if config.logs(LogField::CostUsd) {
        let cost = in_dollars(event.cost);
        effects.push(Effect::Annotate("paddock_cost_usd", cost));
    }
    emit(effects, event, config);
}

/// A cost in US dollars, without a sign before it: `0.0002`.
pub(super) fn in_dollars(cost: Money) -> String {
    cost.to_string().trim_start_matches('$').to_owned()
}
