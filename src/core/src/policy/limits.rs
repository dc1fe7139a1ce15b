//! The limits of one scope.

use super::CapPeriod;
use crate::money::Money;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest rate or burst a bucket can hold exactly, in units a minute.
pub const MAX_RATE: u64 = 100_000_000;

/// The smallest and the largest rate of bytes, in bytes a minute: 1 MiB (below it, what
/// workers have summed up would be no small part) and what a bucket can hold exactly in KiB.
pub const BYTES_RATE: RangeInclusive<u64> = 1_048_576..=102_400_000_000;

/// A kind of limit, under the contract's name of what sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LimitKind {
    /// Requests a minute, and the burst.
    RateLimitPerMinute,
    /// Tokens a minute.
    TokensPerMinute,
    /// Bytes of bodies a minute.
    BytesPerMinute,
    /// Requests in flight.
    MaxConcurrency,
    /// Money, in every period.
    Quotas,
}

impl LimitKind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            LimitKind::RateLimitPerMinute => "rate_limit_per_minute",
            LimitKind::TokensPerMinute => "tokens_per_minute",
            LimitKind::BytesPerMinute => "bytes_per_minute",
            LimitKind::MaxConcurrency => "max_concurrency",
            LimitKind::Quotas => "quotas",
        }
    }
}

/// Limits of an organization, a namespace, a key or an end user. Absent means the parent's alone
/// apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests a minute, 1 to [`MAX_RATE`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Capacity of the request bucket; absent means one minute's worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u64>,
    /// Tokens a minute, 1 to [`MAX_RATE`]; the bucket's capacity is one minute's worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Bytes of requests' bodies that are read a minute, within [`BYTES_RATE`], in each gateway; the
    /// bucket's capacity is a sixth of a minute's worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_minute: Option<u64>,
    /// Requests in flight at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u64>,
    /// Hard cap a calendar month, in nano-dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_quota: Option<Money>,
    /// Hard cap a calendar day, in nano-dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_quota: Option<Money>,
    /// Hard caps of other periods, in nano-dollars.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub quotas: BTreeMap<CapPeriod, Money>,
    /// Those of them that are told and never enforced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub soft_limits: Vec<LimitKind>,
}

impl Limits {
    /// Whether money spent in this scope has a cap.
    pub fn is_budgeted(&self) -> bool {
        self.monthly_quota.is_some() || self.daily_quota.is_some() || !self.quotas.is_empty()
    }

    /// Every cap.
    pub fn caps(&self) -> impl Iterator<Item = (CapPeriod, Money)> {
        let [monthly, daily] = [
            (CapPeriod::Monthly, self.monthly_quota),
            (CapPeriod::Daily, self.daily_quota),
        ];
        let calendar = [monthly, daily].into_iter();
        let calendar = calendar.filter_map(|(period, quota)| Some((period, quota?)));
        calendar.chain(self.quotas.iter().map(|(period, quota)| (*period, *quota)))
    }

    /// The cap of a period.
    pub fn quota(&self, period: CapPeriod) -> Option<Money> {
        match period {
            CapPeriod::Monthly => self.monthly_quota,
            CapPeriod::Daily => self.daily_quota,
            other => self.quotas.get(&other).copied(),
        }
    }

    /// Whether a limit is told and never enforced.
    pub fn is_soft(&self, kind: LimitKind) -> bool {
        self.soft_limits.contains(&kind)
    }

    /// What is wrong with these limits, in words for whoever wrote them.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let rates = [
            ("requests_per_minute", self.requests_per_minute),
            ("burst", self.burst),
            ("tokens_per_minute", self.tokens_per_minute),
            ("max_concurrency", self.max_concurrency),
        ];
        for (name, value) in rates {
            if value.is_some_and(|value| value == 0 || value > MAX_RATE) {
                problems.push(format!("{name} must be from 1 to {MAX_RATE}"));
            }
        }
        if let Some(rate) = self.bytes_per_minute
            && !BYTES_RATE.contains(&rate)
        {
            let (least, most) = (BYTES_RATE.start(), BYTES_RATE.end());
            problems.push(format!("bytes_per_minute must be from {least} to {most}"));
        }
        for (period, quota) in self.caps() {
            if quota < Money::ZERO {
                problems.push(format!("{}_quota must not be negative", period.name()));
            }
        }
        problems
    }
}
