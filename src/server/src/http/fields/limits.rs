//! Limits in bodies that are read field by field.

use super::{Fields, Patch};
use crate::config::Config;
use crate::http::error::ApiError;
use paddock_core::money::Money;
use paddock_core::policy::{Limits, MAX_RATE};
use utoipa::ToSchema;

/// Changes of limits: what was not sent stays, what is `null` becomes the parent's.
#[derive(Clone, Copy, Debug, Default)]
pub struct LimitsPatch {
    requests_per_minute: Patch<u64>,
    burst: Patch<u64>,
    tokens_per_minute: Patch<u64>,
    max_concurrency: Patch<u64>,
    monthly_quota: Patch<Money>,
    daily_quota: Patch<Money>,
}

impl LimitsPatch {
    /// Takes rates and concurrency from a body.
    ///
    /// # Errors
    /// Where one is not what the contract or the operator allows.
    pub fn rates(fields: &mut Fields, config: &Config) -> Result<LimitsPatch, ApiError> {
        let (min_rpm, max_rpm) = config.rpm_range;
        Ok(LimitsPatch {
            requests_per_minute: fields.whole("rate_limit_per_minute", min_rpm, max_rpm)?,
            burst: fields.whole("burst", 1, MAX_RATE)?,
            tokens_per_minute: fields.whole("tokens_per_minute", 1, MAX_RATE)?,
            max_concurrency: fields.whole("max_concurrency", 1, MAX_RATE)?,
            ..LimitsPatch::default()
        })
    }

    /// Takes all limits from a body.
    ///
    /// # Errors
    /// Where one is not what the contract or the operator allows.
    pub fn all(fields: &mut Fields, config: &Config) -> Result<LimitsPatch, ApiError> {
        Ok(LimitsPatch {
            monthly_quota: fields.dollars("monthly_quota_usd")?,
            daily_quota: fields.dollars("daily_quota_usd")?,
            ..LimitsPatch::rates(fields, config)?
        })
    }

    /// The limits with the changes made.
    pub fn apply(self, limits: &Limits) -> Limits {
        Limits {
            requests_per_minute: self
                .requests_per_minute
                .unwrap_or(limits.requests_per_minute),
            burst: self.burst.unwrap_or(limits.burst),
            tokens_per_minute: self.tokens_per_minute.unwrap_or(limits.tokens_per_minute),
            max_concurrency: self.max_concurrency.unwrap_or(limits.max_concurrency),
            monthly_quota: self.monthly_quota.unwrap_or(limits.monthly_quota),
            daily_quota: self.daily_quota.unwrap_or(limits.daily_quota),
        }
    }
}

/// All limits, as the document shows what [`LimitsPatch::all`] takes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct WrittenLimits {
    /// Hard cap of a UTC calendar month, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    monthly_quota_usd: Option<f64>,
    /// Hard cap of a UTC day, in US dollars.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    daily_quota_usd: Option<f64>,
    /// Requests a minute.
    #[schema(minimum = 10, maximum = 10_000)]
    rate_limit_per_minute: Option<u64>,
    /// Tokens a minute, input and output; the bucket holds one minute's worth.
    #[schema(minimum = 1, maximum = 100_000_000)]
    tokens_per_minute: Option<u64>,
    #[serde(flatten)]
    capacities: WrittenCapacities,
}

/// How many requests may come at once.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape alone is looked at")]
pub struct WrittenCapacities {
    /// Requests that the bucket holds; where it is not set, one minute's worth.
    #[schema(minimum = 1, maximum = 100_000_000)]
    burst: Option<u64>,
    /// Requests in flight at once.
    #[schema(minimum = 1, maximum = 100_000_000)]
    max_concurrency: Option<u64>,
}
