//! Refusals because of a limit: of a scope, of a queue, or of an upstream.

use crate::admission::{Denied, RateKind, RateView};
use crate::exchange::context::StepContext;
use crate::exchange::effect::{Step, Verdict};
use crate::exchange::event::CallContext;
use crate::exchange::rate_headers::rate_headers;
use crate::exchange::state::Exchange;
use crate::fair_share::{ShareDenial, UpstreamLimit};
use crate::money::Money;
use crate::refusal::{Budget, Rate, Refusal};
use crate::timestamp::Timestamp;

impl Exchange {
    /// Refuses what an upstream's own limit leaves no share for.
    pub(crate) fn refuse_share<S>(
        &mut self,
        limit: &UpstreamLimit,
        denial: ShareDenial,
        call: CallContext<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let rate = match denial.kind {
            RateKind::Tokens => Rate::Tokens,
            RateKind::Requests | RateKind::Concurrency => Rate::Requests,
        };
        let namespace = &call.caller().namespace().scope.name;
        let refusal = Refusal::over_share(
            &limit.scope(),
            namespace,
            rate,
            (denial.limit, denial.share),
            denial.wait,
        );
        self.refuse_call(&refusal, call, cx)
    }

    /// Refuses what admission denied, with the rates as they are.
    pub(crate) fn refuse_denied<S>(
        &mut self,
        denied: Denied,
        needed: Money,
        call: CallContext<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let (refusal, rates) = refusal_of(denied, needed, cx.now);
        let mut step = self.refuse_call(&refusal, call, cx);
        if let Verdict::Reply(reply) = &mut step.verdict {
            reply
                .headers
                .extend(rate_headers(&rates, cx.worker.config.rate_headers));
        }
        step
    }

    /// Refuses what a queue does not take, with the rates as they are.
    pub(crate) fn refuse_throttled<S>(
        &mut self,
        refusal: &Refusal,
        rates: Option<&RateView>,
        call: CallContext<'_>,
        cx: &mut StepContext<'_, S>,
    ) -> Step {
        let mut step = self.refuse_call(refusal, call, cx);
        if let (Verdict::Reply(reply), Some(rates)) = (&mut step.verdict, rates) {
            reply
                .headers
                .extend(rate_headers(rates, cx.worker.config.rate_headers));
        }
        step
    }
}

fn refusal_of(denied: Denied, needed: Money, now: Timestamp) -> (Refusal, RateView) {
    match denied {
        Denied::Rate {
            scope,
            kind,
            retry_after,
            throttled,
            rates,
        } => {
            let limits = &scope.limits;
            let (rate, limit) = match kind {
                RateKind::Requests => (Rate::Requests, limits.requests_per_minute),
                RateKind::Tokens => (Rate::Tokens, limits.tokens_per_minute),
                RateKind::Concurrency => (Rate::Concurrency, limits.max_concurrency),
            };
            let refusal = match throttled {
                false => Refusal::rate_limited(&scope.name, rate, limit, retry_after),
                true => {
                    let limit = limit.unwrap_or_default();
                    let left = scope.throttle.factor.of(limit);
                    let why = scope.throttle.imposed_until(now).into();
                    Refusal::throttled(&scope.name, why, rate, (limit, left), retry_after)
                }
            };
            (refusal, rates)
        }
        Denied::Budget {
            scope,
            shortage,
            rates,
        } => {
            let budget = Budget::Cap(shortage.period);
            let has_reset = |at: &Timestamp| Timestamp::EPOCH < *at && *at < Timestamp::FAR;
            let resets_at = Some(shortage.resets_at).filter(has_reset);
            let quota = scope.limits.quota(shortage.period);
            let left = (shortage.remaining, quota);
            let refusal = Refusal::budget_exceeded(&scope.name, budget, left, needed, resets_at);
            (refusal, rates)
        }
        Denied::Recalled { rate, .. } => refusal_of(*rate, needed, now),
        Denied::Lend(_) => (Refusal::accounting_unavailable(None), RateView::default()),
        Denied::Contended => (Refusal::overloaded(), RateView::default()),
    }
}
