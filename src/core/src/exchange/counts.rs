//! What the metrics count, summed up until it is told: a request makes no name of a counter, and the
//! host is called once a tick for each counter rather than once a request.

use crate::config::Check;
use crate::policy::{FailureMode, LimitKind};
use crate::refusal::Code;
use crate::wire::UsageEvent;
use core::hash::{BuildHasher, Hash};
use hashbrown::{DefaultHashBuilder, HashTable};
use std::borrow::Cow;

/// Kinds counted at once at most: then what there is must be told.
const MOST: usize = 4_096;

/// What is counted of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What<'a> {
    /// Calls that were served, by model and the upstream's status.
    Calls(&'a str, u16),
    /// Refused calls.
    Refusals(Code),
    /// Content violations, by category.
    Violations(&'a str),
    /// Requests that passed through, by the upstream's status.
    PassedThrough(u16),
    /// Requests decided without the service, by what it would have been asked for.
    Failures(Check, FailureMode),
    /// Requests over a limit that is not enforced, by the level that has it.
    Over(&'a str, LimitKind),
}

/// The same, in words of its own.
#[derive(Debug)]
enum Kind {
    Calls(Box<str>, u16),
    Refusals(Code),
    Violations(Box<str>),
    PassedThrough(u16),
    Failures(Check, FailureMode),
    Over(Box<str>, LimitKind),
}

impl Kind {
    fn what(&self) -> What<'_> {
        match self {
            Kind::Calls(model, status) => What::Calls(model, *status),
            Kind::Refusals(code) => What::Refusals(*code),
            Kind::Violations(category) => What::Violations(category),
            Kind::PassedThrough(status) => What::PassedThrough(*status),
            Kind::Failures(check, mode) => What::Failures(*check, *mode),
            Kind::Over(level, kind) => What::Over(level, *kind),
        }
    }
}

impl From<What<'_>> for Kind {
    fn from(what: What<'_>) -> Kind {
        match what {
            What::Calls(model, status) => Kind::Calls(model.into(), status),
            What::Refusals(code) => Kind::Refusals(code),
            What::Violations(category) => Kind::Violations(category.into()),
            What::PassedThrough(status) => Kind::PassedThrough(status),
            What::Failures(check, mode) => Kind::Failures(check, mode),
            What::Over(level, kind) => Kind::Over(level.into(), kind),
        }
    }
}

#[derive(Debug)]
struct Entry {
    namespace: Box<str>,
    kind: Kind,
    sums: Sums,
}

#[derive(Debug, Default)]
struct Sums {
    times: u64,
    input_tokens: u64,
    output_tokens: u64,
    nanodollars: u64,
    estimated: u64,
    miscounted: u64,
    attempts: u64,
}

/// The counts of one worker that have not been told yet.
#[derive(Debug, Default)]
pub struct Counts {
    hasher: DefaultHashBuilder,
    entries: HashTable<Entry>,
}

impl Counts {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether no more kinds should be counted before these are told.
    pub fn are_many(&self) -> bool {
        self.entries.len() >= MOST
    }

    pub(crate) fn called(&mut self, event: &UsageEvent<'_>, miscounted: bool) {
        let what = What::Calls(&event.model, event.status);
        let sums = self.sums(&event.namespace, what);
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut sums.times, 1);
        add(&mut sums.input_tokens, event.tokens.prompt());
        add(&mut sums.output_tokens, event.tokens.output);
        add(&mut sums.nanodollars, event.cost.nanos().unsigned_abs());
        add(&mut sums.estimated, u64::from(event.estimated));
        add(&mut sums.miscounted, u64::from(miscounted));
        add(&mut sums.attempts, event.attempt);
    }

    pub(crate) fn refused(&mut self, namespace: &str, code: Code) {
        self.one(namespace, What::Refusals(code));
    }

    pub(crate) fn violated(&mut self, namespace: &str, category: &str) {
        self.one(namespace, What::Violations(category));
    }

    pub(crate) fn passed_through(&mut self, namespace: &str, status: u16) {
        self.one(namespace, What::PassedThrough(status));
    }

    pub(crate) fn failed(&mut self, namespace: &str, check: Check, mode: FailureMode) {
        self.one(namespace, What::Failures(check, mode));
    }

    pub(crate) fn over_limit(&mut self, namespace: &str, level: &str, kind: LimitKind) {
        self.one(namespace, What::Over(level, kind));
    }

    fn one(&mut self, namespace: &str, what: What<'_>) {
        let sums = self.sums(namespace, what);
        sums.times = sums.times.saturating_add(1);
    }

    fn sums(&mut self, namespace: &str, what: What<'_>) -> &mut Sums {
        let Counts { hasher, entries } = self;
        let hash = |namespace: &str, what: What<'_>| hasher.hash_one((namespace, what));
        let is_it = |entry: &Entry| *entry.namespace == *namespace && entry.kind.what() == what;
        let rehash = |entry: &Entry| hash(&entry.namespace, entry.kind.what());
        let entry = entries.entry(hash(namespace, what), is_it, rehash);
        let entry = entry.or_insert_with(|| Entry {
            namespace: namespace.into(),
            kind: what.into(),
            sums: Sums::default(),
        });
        &mut entry.into_mut().sums
    }

    /// What was counted, each as a counter's name and how much to add. A counter's labels are part of
    /// its name, as Envoy's stats tags read them.
    pub fn take(&mut self) -> Vec<(String, u64)> {
        let mut told = Vec::new();
        for entry in self.entries.drain() {
            let (namespace, sums) = (label(&entry.namespace), entry.sums);
            let mut tell = |name: &str, rest: &str, amount: u64| {
                if amount > 0 {
                    told.push(([name, ";ns=", &namespace, rest].concat(), amount));
                }
            };
            match entry.kind {
                Kind::Calls(model, status) => {
                    let model = format!(";model={}", label(&model));
                    tell("paddock_input_tokens_total", &model, sums.input_tokens);
                    tell("paddock_output_tokens_total", &model, sums.output_tokens);
                    tell("paddock_cost_nanodollars_total", &model, sums.nanodollars);
                    tell("paddock_estimated_total", &model, sums.estimated);
                    tell("paddock_miscounted_total", &model, sums.miscounted);
                    tell("paddock_attempts_total", &model, sums.attempts);
                    let code = format!("{model};code={status}");
                    tell("paddock_requests_total", &code, sums.times);
                }
                Kind::Refusals(code) => {
                    let reason = [";reason=", code.name()].concat();
                    tell("paddock_refusals_total", &reason, sums.times);
                }
                Kind::Violations(category) => {
                    let reason = [";reason=", &label(&category)].concat();
                    tell("paddock_content_violations_total", &reason, sums.times);
                }
                Kind::PassedThrough(status) => {
                    let code = format!(";code={status}");
                    tell("paddock_passed_through_total", &code, sums.times);
                }
                Kind::Failures(check, mode) => {
                    let what = [";scope=", check.name(), ";reason=", mode.name()].concat();
                    tell("paddock_failures_total", &what, sums.times);
                }
                Kind::Over(level, kind) => {
                    let what = [";scope=", &level, ";reason=", kind.name()].concat();
                    tell("paddock_over_limit_total", &what, sums.times);
                }
            }
        }
        told
    }
}

/// A label's value may not hold what separates labels.
fn label(value: &str) -> Cow<'_, str> {
    match value.contains([';', '=']) {
        true => Cow::Owned(value.replace([';', '='], "_")),
        false => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EventIds;
    use crate::money::Money;
    use crate::timestamp::Timestamp;

    #[test]
    fn what_is_alike_is_summed_up_and_told_once() {
        let mut counts = Counts::default();
        let id = EventIds::new([0; 6]).next(1);
        let mut event = UsageEvent::nothing(id, Timestamp::EPOCH);
        event.namespace = "a;b=c".into();
        event.model = "m".into();
        event.status = 200;
        event.tokens.input = 3;
        event.cost = Money::from_nanos(5);
        counts.called(&event, false);
        counts.called(&event, true);
        event.status = 500;
        event.attempt = 2;
        counts.called(&event, false);
        counts.refused("a", Code::RateLimitExceeded);
        counts.refused("a", Code::RateLimitExceeded);
        counts.violated("a", "x=y");
        counts.passed_through("a", 0);
        counts.failed("a", Check::Budgets, FailureMode::Open);
        counts.over_limit("a", "key", LimitKind::Quotas);
        assert!(!counts.is_empty() && !counts.are_many());
        let mut told = counts.take();
        told.sort();
        let told: Vec<_> = told.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        let expected = [
            ("paddock_attempts_total;ns=a_b_c;model=m", 2),
            ("paddock_content_violations_total;ns=a;reason=x_y", 1),
            ("paddock_cost_nanodollars_total;ns=a_b_c;model=m", 5),
            ("paddock_cost_nanodollars_total;ns=a_b_c;model=m", 10),
            ("paddock_failures_total;ns=a;scope=budgets;reason=open", 1),
            ("paddock_input_tokens_total;ns=a_b_c;model=m", 3),
            ("paddock_input_tokens_total;ns=a_b_c;model=m", 6),
            ("paddock_miscounted_total;ns=a_b_c;model=m", 1),
            ("paddock_over_limit_total;ns=a;scope=key;reason=quotas", 1),
            ("paddock_passed_through_total;ns=a;code=0", 1),
            ("paddock_refusals_total;ns=a;reason=rate_limit_exceeded", 2),
            ("paddock_requests_total;ns=a_b_c;model=m;code=200", 2),
            ("paddock_requests_total;ns=a_b_c;model=m;code=500", 1),
        ];
        assert_eq!(told, expected);
        assert_eq!(counts.take(), []);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut counts = Counts::default();
        for n in 0..MOST {
            assert!(!counts.are_many());
            counts.passed_through(&n.to_string(), 200);
        }
        assert!(counts.are_many());
    }
}
