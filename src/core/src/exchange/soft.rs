//! Limits that are told and not enforced: those that are soft, or all of a gateway in shadow mode. They
//! are decided like the others. A request over one takes nothing of it, as if it had been refused.

use super::context::StepContext;
use super::effect::Effect;
use super::state::Exchange;
use crate::admission::{Ask, Denied, RateKind, Scope};
use crate::config::Config;
use crate::fair_share::{Demand, NotAdmitted, RequestHold, hold_request};
use crate::policy::LimitKind;
use crate::refusal::header_value;
use crate::store::SharedStore;
use crate::wire::CapPeriod;
use std::rc::Rc;

/// A limit that a request is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    /// The name of the scope.
    pub(crate) scope: String,
    pub(crate) kind: LimitKind,
}

impl Over {
    /// Of a scope whose limit is not enforced.
    pub(crate) fn unenforced(scope: &Scope, kind: LimitKind, config: &Config) -> Option<Over> {
        // What a prepaid balance has left is money that is there or not.
        let is_soft = scope.limits.is_soft(kind) && !(scope.prepaid && kind == LimitKind::Quotas);
        // Where a reservation has too little, the budgets pay.
        let is_reservation = scope.owner != 0;
        ((is_soft || !config.enforce_limits) && !is_reservation).then(|| Over {
            scope: scope.name.clone(),
            kind,
        })
    }
}

impl Exchange {
    /// Debits a request in all its scopes and of its upstream's limit, as [`hold_request`], but for
    /// limits that are not enforced. `has_waited`: whether other workers have had time to give back what
    /// they do not use.
    pub(crate) fn hold_enforced<S: SharedStore>(
        &mut self,
        namespace: &str,
        levels: &mut [Rc<Scope>],
        ask: &Ask,
        mut demand: Option<&Demand>,
        has_waited: bool,
        cx: &mut StepContext<'_, S>,
    ) -> Result<RequestHold, NotAdmitted> {
        let terms = cx.worker.terms();
        for over in &self.over {
            soften(levels, over);
        }
        loop {
            let grants = &mut cx.worker.grants;
            let held = hold_request(grants, cx.store, levels, ask, demand, terms, cx.now);
            let Err(why) = held else {
                return held;
            };
            let over = match (&why, demand) {
                (NotAdmitted::Scope(denied), _) => over_of(denied, has_waited, &cx.worker.config),
                (NotAdmitted::Upstream(limit, denial), Some(_)) => {
                    demand = None;
                    (!cx.worker.config.enforce_limits).then(|| Over {
                        scope: limit.scope(),
                        kind: kind_of(denial.kind),
                    })
                }
                (NotAdmitted::Upstream(..), None) => None,
            };
            let Some(over) = over.filter(|over| !self.over.contains(over)) else {
                return Err(why);
            };
            soften(levels, &over);
            self.tell_over(over, namespace, cx);
        }
    }

    /// Remembers a limit that is not enforced, for the answer and the metrics.
    pub(crate) fn tell_over<S>(
        &mut self,
        over: Over,
        namespace: &str,
        cx: &mut StepContext<'_, S>,
    ) {
        let level = over.scope.split(':').next().unwrap_or_default();
        cx.worker.counts.over_limit(namespace, level, over.kind);
        self.over.push(over);
    }

    /// What `x-paddock-over-limit` says; `None` if the request is over no limit.
    pub(crate) fn over_limits(over: &[Over]) -> Option<Effect> {
        let told: Vec<String> = over
            .iter()
            .map(|over| [&header_value(&over.scope), " ", over.kind.name()].concat())
            .collect();
        let name = "x-paddock-over-limit";
        (!told.is_empty()).then(|| Effect::SetResponseHeader(name, told.join(", ")))
    }
}

fn kind_of(rate: RateKind) -> LimitKind {
    match rate {
        RateKind::Requests => LimitKind::RateLimitPerMinute,
        RateKind::Tokens => LimitKind::TokensPerMinute,
        RateKind::Concurrency => LimitKind::MaxConcurrency,
    }
}

/// The limit that denies a request, if it is not enforced.
fn over_of(denied: &Denied, has_waited: bool, config: &Config) -> Option<Over> {
    match denied {
        Denied::Rate { scope, kind, .. } => Over::unenforced(scope, kind_of(*kind), config),
        Denied::Budget {
            scope, shortage, ..
        } => {
            let is_balance = shortage.period == CapPeriod::Balance && config.enforce_limits;
            let over = Over::unenforced(scope, LimitKind::Quotas, config);
            over.filter(|_| !is_balance)
        }
        Denied::Recalled { rate, .. } if has_waited => over_of(rate, has_waited, config),
        Denied::Recalled { .. } | Denied::Lend(_) | Denied::Contended => None,
    }
}

/// Leaves a limit out of the scope that has it.
fn soften(levels: &mut [Rc<Scope>], over: &Over) {
    for level in levels.iter_mut().filter(|level| level.name == over.scope) {
        let mut scope = Scope::clone(level);
        scope.is_softened = true;
        let limits = &mut scope.limits;
        match over.kind {
            LimitKind::RateLimitPerMinute => limits.requests_per_minute = None,
            LimitKind::TokensPerMinute => limits.tokens_per_minute = None,
            LimitKind::BytesPerMinute => limits.bytes_per_minute = None,
            LimitKind::MaxConcurrency => limits.max_concurrency = None,
            LimitKind::Quotas => scope.pays = false,
        }
        *level = Rc::new(scope);
    }
}
