//! Refusals of what a scope has used up.

use super::text::clip_bytes;
use super::{Code, Refusal};
use crate::money::Money;
use crate::policy::CapPeriod;
use crate::request::VALUE_BYTES;
use crate::timestamp::Timestamp;
use core::time::Duration;

/// What ran out, where waiting helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Requests a minute.
    Requests,
    /// Tokens a minute.
    Tokens,
    /// Requests in flight at once.
    Concurrency,
    /// Bytes of requests' bodies a minute.
    Bytes,
    /// Places in the queue of throttled requests, or the time a request may wait there.
    Queue,
}

impl Rate {
    const fn unit(self) -> &'static str {
        match self {
            Rate::Requests => "requests a minute",
            Rate::Tokens => "tokens a minute",
            Rate::Bytes => "bytes of requests' bodies a minute",
            Rate::Concurrency => "requests in flight at once",
            Rate::Queue => "waiting requests",
        }
    }
}

/// What money ran out, where waiting a moment does not help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// The cap of a period, or the prepaid balance.
    Cap(CapPeriod),
    /// The reservation the request names.
    Reservation,
}

/// Why a scope is throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttled {
    /// Most of its budget is spent.
    LowBudget,
    /// Somebody was alarmed by its spending; until then.
    Alert(Timestamp),
}

impl From<Option<Timestamp>> for Throttled {
    fn from(until: Option<Timestamp>) -> Self {
        until.map_or(Throttled::LowBudget, Throttled::Alert)
    }
}

impl Refusal {
    /// `scope` has used up its `rate`, whose limit is `limit`.
    pub fn rate_limited(
        scope: &str,
        rate: Rate,
        limit: Option<u64>,
        retry_after: Duration,
    ) -> Self {
        let scope_name = clip_bytes(scope.as_bytes());
        let limit = limit
            .map(|limit| format!(" of {limit}"))
            .unwrap_or_default();
        let what = match rate {
            Rate::Queue => format!("its queue{limit} waiting requests"),
            rate => format!("its limit{limit} {}", rate.unit()),
        };
        let seconds = whole_seconds(retry_after);
        let message = format!("{scope_name} is over {what}. Try again in {seconds} s.");
        let mut refusal = Refusal::new(Code::RateLimitExceeded, message).by(scope);
        refusal.rate = Some(rate);
        refusal.retry_after = Some(retry_after);
        refusal
    }

    /// The requests of `scope` that are not answered yet have all the bytes that their bodies may have
    /// together, `limit`.
    pub fn bodies_full(scope: &str, limit: u64) -> Self {
        let message = format!(
            "{} has sent requests that are not answered yet, and this one is too large beside them: their \
             bodies may have {limit} bytes together. Try again when some are answered.",
            clip_bytes(scope.as_bytes())
        );
        Refusal::new(Code::RateLimitExceeded, message).by(scope)
    }

    /// `most` requests of `scope` have begun whose bodies have not arrived in full.
    pub fn too_many_arriving(scope: &str, most: usize) -> Self {
        let message = format!(
            "{} has begun {most} requests whose bodies have not arrived in full, and may have no more of \
             them. Try again when some have arrived.",
            clip_bytes(scope.as_bytes())
        );
        Refusal::new(Code::RateLimitExceeded, message).by(scope)
    }

    /// More bytes of bodies were read for `scope` than its `limit` a minute, or would be.
    pub fn bytes_rate_limited(scope: &str, limit: u64, retry_after: Duration) -> Self {
        let mut refusal = Refusal::rate_limited(scope, Rate::Bytes, Some(limit), retry_after);
        refusal.message = format!(
            "{} Send less, or ask your administrator to raise bytes_per_minute. Each value of a body \
             counts as {VALUE_BYTES} bytes more.",
            refusal.message
        );
        refusal
    }

    /// A record that all workers share was never free.
    pub fn overloaded() -> Self {
        let message = "The gateway is overloaded. Try again.";
        let mut refusal = Refusal::new(Code::GatewayOverloaded, message.to_owned());
        refusal.retry_after = Some(Duration::from_secs(1));
        refusal
    }

    /// The provider's own limit of `scope`, an upstream, is taken; of `limit` the `share` is what
    /// `namespace` may count on.
    pub fn over_share(
        scope: &str,
        namespace: &str,
        rate: Rate,
        (limit, share): (u64, u64),
        retry_after: Duration,
    ) -> Self {
        let unit = rate.unit();
        let seconds = whole_seconds(retry_after);
        let message = format!(
            "{} is over the provider's own limit of {limit} {unit}, which all namespaces share. The \
             share of {} is {share} at present. Try again in {seconds} s.",
            clip_bytes(scope.as_bytes()),
            clip_bytes(namespace.as_bytes())
        );
        let mut refusal = Refusal::new(Code::RateLimitExceeded, message).by(scope);
        refusal.rate = Some(rate);
        refusal.retry_after = Some(retry_after);
        refusal
    }

    /// `scope` is throttled: of the `limit` of its `rate` only `left` is there for it.
    pub fn throttled(
        scope: &str,
        why: Throttled,
        rate: Rate,
        (limit, left): (u64, u64),
        retry_after: Duration,
    ) -> Self {
        let unit = rate.unit();
        let what = format!("{left} of its {limit} {unit} are left to it");
        Refusal::held_back(scope, why, rate, &what, retry_after)
    }

    /// The request waited `waited` in the queue of `scope`, which is throttled, as long as it may.
    pub fn queued_too_long(
        scope: &str,
        why: Throttled,
        waited: Duration,
        retry_after: Duration,
    ) -> Self {
        let what = format!(
            "this request waited {} s in its queue in vain",
            waited.as_secs()
        );
        Refusal::held_back(scope, why, Rate::Queue, &what, retry_after)
    }

    fn held_back(
        scope: &str,
        why: Throttled,
        rate: Rate,
        what: &str,
        retry_after: Duration,
    ) -> Self {
        let (reason, remedy) = match why {
            Throttled::LowBudget => (
                "because most of its budget is spent".to_owned(),
                "raise the budget",
            ),
            Throttled::Alert(until) => (
                format!(
                    "until {}, because an alert on its spending says so",
                    until.to_rfc3339()
                ),
                "raise its throttle_factor",
            ),
        };
        let seconds = whole_seconds(retry_after);
        let message = format!(
            "{} is throttled, {reason}: {what}. Try again in {seconds} s, or ask your administrator \
             to {remedy}.",
            clip_bytes(scope.as_bytes())
        );
        let mut refusal = Refusal::new(Code::RateLimitExceeded, message).by(scope);
        refusal.rate = Some(rate);
        refusal.retry_after = Some(retry_after);
        refusal
    }

    /// A `budget` of `scope` has `remaining` of its `quota` left, which does not cover the `needed` cost of
    /// the request; `resets_at` is when it starts anew.
    pub fn budget_exceeded(
        scope: &str,
        budget: Budget,
        (remaining, quota): (Money, Option<Money>),
        needed: Money,
        resets_at: Option<Timestamp>,
    ) -> Self {
        let remaining = remaining.or_zero();
        let what = match budget {
            Budget::Cap(period) => match period {
                CapPeriod::Hourly => "Hourly budget exhausted",
                CapPeriod::Daily => "Daily budget exhausted",
                CapPeriod::Weekly => "Weekly budget exhausted",
                CapPeriod::Monthly => "Monthly budget exhausted",
                CapPeriod::Quarterly => "Quarterly budget exhausted",
                CapPeriod::LastDays(days) => &format!("Budget of {days} days exhausted"),
                CapPeriod::Total => "Total budget exhausted",
                CapPeriod::Balance => "Prepaid balance exhausted",
            },
            Budget::Reservation => "Reservation exhausted",
        };
        // Where something is left, it is this request that asks for too much.
        let (by, lower) = match remaining.is_positive() {
            true => (" by this request: it", "Lower the request's max tokens, "),
            false => (": this request", ""),
        };
        let of = quota.map_or_else(String::new, |quota| format!(" of {quota}"));
        let when = resets_at.map_or_else(String::new, |at| {
            let wait = if lower.is_empty() { "Wait" } else { "wait" };
            let at = at.to_rfc3339();
            match budget {
                Budget::Cap(CapPeriod::LastDays(_)) => {
                    format!("{wait} until {at}, when its oldest day no longer counts, ")
                }
                _ => format!("{wait} for the reset at {at}, "),
            }
        });
        let source = match budget {
            Budget::Cap(CapPeriod::Balance) => "top up the credits",
            Budget::Cap(_) => "ask your administrator to raise it",
            Budget::Reservation => "make a larger reservation",
        };
        let (start, rest) = source.split_at(1);
        let source = match lower.is_empty() && when.is_empty() {
            true => format!("{}{rest}", start.to_uppercase()),
            false => format!("or {source}"),
        };
        let message = format!(
            "{what}{by} may cost up to {needed}, and {} has {remaining}{of} left. {lower}{when}{source}.",
            clip_bytes(scope.as_bytes())
        );
        let mut refusal = Refusal::new(Code::BudgetExceeded, message).by(scope);
        refusal.remaining = Some(remaining);
        refusal.resets_at = resets_at;
        refusal
    }

    /// The service is away, and `scope` is to fail closed.
    pub fn accounting_unavailable(scope: Option<&str>) -> Self {
        let message = "The accounting service cannot be reached, and this gateway serves nothing \
                       it cannot account for. Try again shortly.";
        let mut refusal = Refusal::new(Code::AccountingUnavailable, message.to_owned());
        refusal.retry_after = Some(Duration::from_secs(1));
        match scope {
            Some(scope) => refusal.by(scope),
            None => refusal,
        }
    }
}

impl Refusal {
    /// The policy was last heard of `age` ago, and `scope` is to fail closed.
    pub fn policy_too_old(scope: &str, age: Duration) -> Self {
        let mut refusal = Refusal::accounting_unavailable(Some(scope));
        refusal.message = format!(
            "The accounting service was last heard {} s ago, and this gateway cannot know whether the key \
             is still good. Try again shortly.",
            age.as_secs()
        );
        refusal
    }

    /// Whether something stored is the namespace's of `scope` cannot be asked.
    pub fn ownership_unknown(scope: &str) -> Self {
        let mut refusal = Refusal::accounting_unavailable(Some(scope));
        refusal.message = "The accounting service cannot be reached, and it alone knows whose the \
                           stored objects are that this request names. Try again shortly."
            .to_owned();
        refusal
    }
}

/// `Retry-After` counts whole seconds: rounded up, at least 1.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    let partial = u64::from(duration.subsec_nanos() > 0);
    duration.as_secs().saturating_add(partial).max(1)
}
