//! The limits of a key, namespace or organization, as they are written in JSON.

use super::body::Patch;
use super::body::values::{Dollars, Quotas, Whole, Words};
use paddock_core::policy::{BYTES_RATE, LimitKind, Limits, MAX_RATE};
use paddock_ledger::model::hierarchy::{InForce, smaller};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Changes of limits: what was not sent stays, what is `null` becomes the parent's.
#[derive(Clone, Debug, Default)]
pub struct LimitsPatch {
    /// Requests a minute.
    pub rate_limit_per_minute: Option<Option<Rate>>,
    /// Capacity of the request bucket.
    pub burst: Option<Option<Rate>>,
    /// Tokens a minute.
    pub tokens_per_minute: Option<Option<Rate>>,
    /// Bytes of bodies a minute.
    pub bytes_per_minute: Option<Option<BytesRate>>,
    /// Requests in flight at once.
    pub max_concurrency: Option<Option<Rate>>,
    /// Hard monthly cap.
    pub monthly_quota_usd: Option<Option<Dollars>>,
    /// Hard daily cap.
    pub daily_quota_usd: Option<Option<Dollars>>,
    /// Hard caps of other periods.
    pub quotas_usd: Option<Option<Quotas>>,
    /// What is told and not enforced.
    pub soft_limits: Option<Option<Words<LimitKind>>>,
}

/// A rate or a capacity. Of requests a minute, the operator's range is checked where the body is read.
pub type Rate = Whole<1, MAX_RATE>;

/// A rate of bytes.
pub type BytesRate = Whole<{ *BYTES_RATE.start() }, { *BYTES_RATE.end() }>;

impl LimitsPatch {
    /// Changes limits.
    pub fn apply(self, limits: &mut Limits) {
        self.rate_limit_per_minute
            .apply(&mut limits.requests_per_minute);
        self.burst.apply(&mut limits.burst);
        self.tokens_per_minute.apply(&mut limits.tokens_per_minute);
        self.bytes_per_minute.apply(&mut limits.bytes_per_minute);
        self.max_concurrency.apply(&mut limits.max_concurrency);
        self.monthly_quota_usd.apply(&mut limits.monthly_quota);
        self.daily_quota_usd.apply(&mut limits.daily_quota);
        self.quotas_usd.set_or(&mut limits.quotas, BTreeMap::new());
        self.soft_limits.set_or(&mut limits.soft_limits, Vec::new());
    }
}

/// A body that changes something with limits: its own fields, and the limits'. One closed object, since
/// `#[serde(flatten)]` and `deny_unknown_fields` exclude each other.
macro_rules! with_limits {
    ($(#[$meta:meta])* pub struct $name:ident { $($fields:tt)* }) => {
        #[serde_with::apply(Option<Option<_>> => #[serde(default, with = "serde_with::rust::double_option")])]
        #[derive(Clone, Debug, Default, serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$meta])*
        pub struct $name {
            $($fields)*
            /// Hard cap of a calendar month, in US dollars.
            monthly_quota_usd: Option<Option<crate::http::body::values::Dollars>>,
            /// Hard cap of a calendar day, in US dollars.
            daily_quota_usd: Option<Option<crate::http::body::values::Dollars>>,
            /// Hard caps of other periods, in US dollars: `hourly`, `weekly`, `quarterly`, `total`, and
            /// `last_30_days` with 2 to 366 days, the present one included. They replace all that were set.
            quotas_usd: Option<Option<crate::http::body::values::Quotas>>,
            /// Requests a minute.
            rate_limit_per_minute: Option<Option<crate::http::limits::Rate>>,
            /// Tokens a minute, input and output; the bucket holds one minute's worth.
            tokens_per_minute: Option<Option<crate::http::limits::Rate>>,
            /// Bytes of requests' bodies that each gateway reads a minute; the bucket holds a sixth of that.
            /// Each value of a body counts as 32 bytes more.
            bytes_per_minute: Option<Option<crate::http::limits::BytesRate>>,
            /// Requests that the bucket holds; one minute's worth by default.
            burst: Option<Option<crate::http::limits::Rate>>,
            /// Requests in flight at once.
            max_concurrency: Option<Option<crate::http::limits::Rate>>,
            /// Those of its own limits that are told in a header and a metric and never refuse; `quotas`
            /// are all quotas. None by default.
            soft_limits: Option<Option<
                crate::http::body::values::Words<paddock_core::policy::LimitKind>,
            >>,
        }

        impl $name {
            /// What it changes of the limits.
            fn limits(&self) -> crate::http::limits::LimitsPatch {
                crate::http::limits::LimitsPatch {
                    rate_limit_per_minute: self.rate_limit_per_minute,
                    bytes_per_minute: self.bytes_per_minute,
                    burst: self.burst,
                    tokens_per_minute: self.tokens_per_minute,
                    max_concurrency: self.max_concurrency,
                    monthly_quota_usd: self.monthly_quota_usd,
                    daily_quota_usd: self.daily_quota_usd,
                    quotas_usd: self.quotas_usd.clone(),
                    soft_limits: self.soft_limits.clone(),
                }
            }
        }
    };
}

pub(crate) use with_limits;

/// The contract's names of the limits that are set; of a quota of another period `quotas_usd.PERIOD`.
fn names_of(limits: &Limits) -> Vec<Cow<'static, str>> {
    let names = [
        ("monthly_quota_usd", limits.monthly_quota.is_some()),
        ("daily_quota_usd", limits.daily_quota.is_some()),
        (
            "rate_limit_per_minute",
            limits.requests_per_minute.is_some(),
        ),
        ("tokens_per_minute", limits.tokens_per_minute.is_some()),
        ("bytes_per_minute", limits.bytes_per_minute.is_some()),
        ("burst", limits.burst.is_some()),
        ("max_concurrency", limits.max_concurrency.is_some()),
    ];
    let set = names.into_iter().filter(|(_, is_set)| *is_set);
    let quotas = limits.quotas.keys();
    let quotas = quotas.map(|period| Cow::Owned(format!("quotas_usd.{}", period.name())));
    set.map(|(name, _)| Cow::Borrowed(name))
        .chain(quotas)
        .collect()
}

/// As [`names_of`], with `allowed_models` where that is set too.
pub fn own_limits(limits: &Limits, has_models: bool) -> Vec<Cow<'static, str>> {
    let mut names = names_of(limits);
    names.extend(has_models.then_some(Cow::Borrowed("allowed_models")));
    names
}

/// Limits in force, as they are answered: what is not set is the parent's.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Limits)]
pub struct LimitsView {
    /// Hard cap of a calendar month, in US dollars.
    monthly_quota_usd: f64,
    /// Hard cap of a calendar day, in US dollars.
    daily_quota_usd: f64,
    /// Hard caps of other periods, in US dollars.
    #[schema(value_type = BTreeMap<String, f64>)]
    quotas_usd: BTreeMap<Cow<'static, str>, f64>,
    /// Requests a minute.
    rate_limit_per_minute: u64,
    /// Tokens a minute, input and output.
    tokens_per_minute: u64,
    /// Bytes of requests' bodies that each gateway reads a minute; `null` is what the gateway's
    /// `held_bodies.bytes_per_minute` says.
    bytes_per_minute: Option<u64>,
    /// Requests that the bucket holds.
    burst: u64,
    /// Requests in flight at once; `null` is as many as come.
    max_concurrency: Option<u64>,
    /// Those of its own limits that are told and not enforced.
    soft_limits: Vec<LimitKind>,
}

impl From<&InForce> for LimitsView {
    fn from(limits: &InForce) -> LimitsView {
        let monthly = limits.monthly_quota;
        LimitsView {
            monthly_quota_usd: monthly.to_dollars(),
            // A day can never spend more than its month.
            daily_quota_usd: smaller(Some(monthly), limits.daily_quota)
                .unwrap_or(monthly)
                .to_dollars(),
            quotas_usd: limits
                .quotas
                .iter()
                .map(|(period, quota)| (period.name(), quota.to_dollars()))
                .collect(),
            rate_limit_per_minute: limits.requests_per_minute,
            tokens_per_minute: limits.tokens_per_minute,
            bytes_per_minute: limits.bytes_per_minute,
            burst: limits.burst.unwrap_or(limits.requests_per_minute),
            max_concurrency: limits.max_concurrency,
            soft_limits: limits.soft_limits.clone(),
        }
    }
}
