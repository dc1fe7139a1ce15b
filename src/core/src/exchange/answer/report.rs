//! A served call in metrics, in the access log and in the ledger.

use crate::exchange::effect::{Effect, metric_label};
use crate::exchange::event::emit;
use crate::wire::UsageEvent;

/// Counts a call, annotates its line in the access log and hands its event over.
/// `miscounted`: its provider counted no output, though there was some.
pub(crate) fn report(effects: &mut Vec<Effect>, event: &UsageEvent<'_>, miscounted: bool) {
    effects.reserve(10);
    let (namespace, model) = (metric_label(&event.namespace), metric_label(&event.model));
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
    count("paddock_miscounted_total", u64::from(miscounted), "");
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
