//! Limits down the tree: a child's may not be wider than its parent's, and what it does not set
//! is its parent's.

use paddock_core::money::Money;
use paddock_core::policy::{CapPeriod, Catalog, LimitKind, Limits};
use std::collections::BTreeMap;

/// Limits in force: every one that must be a number is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Requests a minute.
    pub requests_per_minute: u64,
    /// Capacity of the request bucket, if it is not one minute's worth.
    pub burst: Option<u64>,
    /// Tokens a minute.
    pub tokens_per_minute: u64,
    /// Bytes of bodies a minute, where they are limited.
    pub bytes_per_minute: Option<u64>,
    /// Requests in flight at once, where they are limited.
    pub max_concurrency: Option<u64>,
    /// Hard monthly cap.
    pub monthly_quota: Money,
    /// Hard daily cap, if there is one beside the monthly.
    pub daily_quota: Option<Money>,
    /// Hard caps of other periods.
    pub quotas: BTreeMap<CapPeriod, Money>,
    /// Those of its own limits that are told and not enforced.
    pub soft_limits: Vec<LimitKind>,
}

/// The smaller of two limits, either of which may be absent.
pub fn smaller<T: Ord + Copy>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl InForce {
    /// The limits at the top of a tree, if nothing is above.
    pub fn top(limits: &Limits) -> InForce {
        InForce {
            requests_per_minute: limits.requests_per_minute.unwrap_or(u64::MAX),
            burst: limits.burst,
            tokens_per_minute: limits.tokens_per_minute.unwrap_or(u64::MAX),
            bytes_per_minute: limits.bytes_per_minute,
            max_concurrency: limits.max_concurrency,
            monthly_quota: limits.monthly_quota.unwrap_or(Money::MAX),
            daily_quota: limits.daily_quota,
            quotas: limits.quotas.clone(),
            soft_limits: limits.soft_limits.clone(),
        }
    }

    /// The limits of a child that sets `limits`, below these.
    pub fn below(&self, limits: &Limits) -> InForce {
        let own_rate = limits.requests_per_minute;
        let rate = own_rate.map_or(self.requests_per_minute, |r| {
            r.min(self.requests_per_minute)
        });
        let tokens = limits.tokens_per_minute;
        InForce {
            requests_per_minute: rate,
            // A rate of its own has a bucket of its own: one minute's worth unless it says else.
            burst: limits
                .burst
                .or(if own_rate.is_some() { None } else { self.burst }),
            tokens_per_minute: tokens.map_or(self.tokens_per_minute, |tokens| {
                tokens.min(self.tokens_per_minute)
            }),
            bytes_per_minute: smaller(limits.bytes_per_minute, self.bytes_per_minute),
            max_concurrency: smaller(limits.max_concurrency, self.max_concurrency),
            monthly_quota: limits
                .monthly_quota
                .map_or(self.monthly_quota, |quota| quota.min(self.monthly_quota)),
            daily_quota: smaller(limits.daily_quota, self.daily_quota),
            quotas: self.quotas_below(limits),
            soft_limits: limits.soft_limits.clone(),
        }
    }
}

impl InForce {
    /// The cap of a period.
    pub fn quota(&self, period: CapPeriod) -> Option<Money> {
        match period {
            CapPeriod::Monthly => Some(self.monthly_quota),
            CapPeriod::Daily => self.daily_quota,
            other => self.quotas.get(&other).copied(),
        }
    }

    fn quotas_below(&self, limits: &Limits) -> BTreeMap<CapPeriod, Money> {
        let mut quotas = self.quotas.clone();
        for (period, own) in &limits.quotas {
            let quota = quotas.entry(*period).or_insert(*own);
            *quota = (*quota).min(*own);
        }
        quotas
    }
}

/// A parent, as far as its children's limits must fit into it.
#[derive(Clone, Debug)]
pub struct Parent<'a> {
    /// What messages call it: `team` or `organization`.
    pub word: &'static str,
    /// Its limits in force.
    pub limits: &'a InForce,
    /// Its allow-list.
    pub allowed_models: Option<&'a [String]>,
    /// What its other children may spend: a month and a day.
    pub assigned: (Money, Money),
}

/// The name of the model that a name or an alias stands for; the same name if there is no such model.
pub(crate) fn canonical(catalog: &Catalog, name: &str) -> String {
    let known = catalog.resolve(name).map(|model| model.name.as_str());
    known.unwrap_or(name).to_owned()
}

/// Everything in which what a child asks for is wider than its parent allows, in the contract's words.
pub fn violations(
    parent: &Parent<'_>,
    limits: &Limits,
    allowed_models: Option<&[String]>,
    catalog: &Catalog,
) -> Vec<String> {
    let mut violations = Vec::new();
    let word = parent.word;
    if let (Some(wanted), Some(allowed)) = (allowed_models, parent.allowed_models) {
        let allowed: Vec<String> = allowed
            .iter()
            .map(|name| canonical(catalog, name))
            .collect();
        let refused: Vec<String> = wanted
            .iter()
            .filter(|name| !allowed.contains(&canonical(catalog, name)))
            .map(|name| format!("'{name}'"))
            .collect();
        if !refused.is_empty() {
            let list = refused.join(", ");
            violations.push(format!(
                "Cannot assign models [{list}] - not in {word} whitelist"
            ));
        }
    }
    let (month, day) = parent.assigned;
    for (period, quota) in limits.caps() {
        let Some(limit) = parent.limits.quota(period) else {
            continue;
        };
        let assigned = match period {
            CapPeriod::Monthly => month,
            CapPeriod::Daily => day,
            _ => Money::ZERO,
        };
        if quota > limit.saturating_sub(assigned) {
            let period = word_of(period);
            violations.push(format!(
                "{period} quota {quota} exceeds {word} limit of {limit}"
            ));
        }
    }
    let rates = [
        (
            "Rate limit",
            "requests per minute",
            limits.requests_per_minute,
            Some(parent.limits.requests_per_minute),
        ),
        (
            "Token limit",
            "tokens per minute",
            limits.tokens_per_minute,
            Some(parent.limits.tokens_per_minute),
        ),
        (
            "Byte limit",
            "bytes per minute",
            limits.bytes_per_minute,
            parent.limits.bytes_per_minute,
        ),
        (
            "Concurrency",
            "requests in flight",
            limits.max_concurrency,
            parent.limits.max_concurrency,
        ),
    ];
    for (what, unit, wanted, limit) in rates {
        if let (Some(wanted), Some(limit)) = (wanted, limit)
            && wanted > limit
        {
            violations.push(format!(
                "{what} {wanted} {unit} exceeds {word} limit of {limit}"
            ));
        }
    }
    violations
}

/// How a sentence begins about a quota of a period.
pub fn word_of(period: CapPeriod) -> String {
    match period {
        CapPeriod::LastDays(days) => format!("{days}-day"),
        period => {
            let name = period.name();
            let mut letters = name.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(amount: f64) -> Option<Money> {
        Money::from_dollars(amount)
    }

    #[test]
    fn every_violation_is_listed_in_the_contracts_words() {
        let limits = InForce::top(&Limits {
            requests_per_minute: Some(100),
            bytes_per_minute: Some(2_000_000),
            monthly_quota: dollars(5_000.0),
            ..Limits::default()
        });
        let allowed = ["gpt-4.1".to_owned()];
        let parent = Parent {
            word: "team",
            limits: &limits,
            allowed_models: Some(&allowed),
            assigned: (Money::from_nanos(1), Money::ZERO),
        };
        let wanted = Limits {
            requests_per_minute: Some(101),
            bytes_per_minute: Some(2_000_001),
            monthly_quota: dollars(5_000.0),
            ..Limits::default()
        };
        let models = ["gpt4", "o1-preview", "o1-pro"].map(str::to_owned);
        let found = violations(&parent, &wanted, Some(&models), &Catalog::builtin());
        assert_eq!(
            found,
            [
                "Cannot assign models ['o1-preview', 'o1-pro'] - not in team whitelist",
                "Monthly quota $5000.00 exceeds team limit of $5000.00",
                "Rate limit 101 requests per minute exceeds team limit of 100",
                "Byte limit 2000001 bytes per minute exceeds team limit of 2000000",
            ]
        );
    }

    #[test]
    fn what_is_not_set_is_the_parents_and_nothing_is_wider() {
        let top = InForce::top(&Limits {
            requests_per_minute: Some(100),
            tokens_per_minute: Some(1_000),
            monthly_quota: dollars(10.0),
            burst: Some(7),
            ..Limits::default()
        });
        assert_eq!(top.below(&Limits::default()), top);
        let wanted = Limits {
            requests_per_minute: Some(500),
            monthly_quota: dollars(3.0),
            ..Limits::default()
        };
        let child = top.below(&wanted);
        assert_eq!((child.requests_per_minute, child.burst), (100, None));
        assert_eq!(child.monthly_quota, dollars(3.0).unwrap());
    }
}
