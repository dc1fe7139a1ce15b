//! Which rates may be set.

use super::PolicyOptions;

/// The rates that may be set, a minute.
#[derive(Clone, Copy, Debug)]
pub struct RateBounds {
    /// The lowest and the highest of requests.
    pub requests: (u64, u64),
    /// The lowest and the highest of tokens.
    pub tokens: (u64, u64),
}

impl RateBounds {
    /// The lowest and the highest value of a field of a body, by its name in the contract; `None` of one
    /// that sets no such rate.
    pub fn of(&self, field: &str) -> Option<(u64, u64)> {
        match field {
            "rate_limit_per_minute" => Some(self.requests),
            "tokens_per_minute" => Some(self.tokens),
            _ => None,
        }
    }
}

impl From<&PolicyOptions> for RateBounds {
    fn from(policy: &PolicyOptions) -> RateBounds {
        RateBounds {
            requests: (policy.min_rpm, policy.max_rpm),
            tokens: (1, policy.max_tpm),
        }
    }
}
